/**
 * A process that is gone without a word, with its machine or its network, may leave a transaction open that keeps the
 * gate of a tenant shut or a run locked: the database ends a transaction that nobody goes on with, and a connection at
 * the other end of which nobody is. Settings of a session, as its `options` take them.
 * https://www.postgresql.org/docs/15/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS
 */
export const without_a_word = [
  'idle_in_transaction_session_timeout=10s',
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=25s',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
