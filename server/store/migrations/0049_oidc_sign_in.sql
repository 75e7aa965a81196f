-- Who a member is at the provider of identities, from their first sign-in with it: sha256 of issuer and subject. An
-- address that passes to somebody else there opens nothing here.

alter table members add column oidc_subject text;
