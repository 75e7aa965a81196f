import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

const flush = zlib.constants.Z_SYNC_FLUSH;
const brotli_flush = zlib.constants.BROTLI_OPERATION_FLUSH;

/**
 * What undoes the codings that official clients take. Each piece comes out as soon as it came in, for events are waited
 * for; an answer that ends without the end of its coding is whole to them, as it is to `fetch`.
 */
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => zlib.createGunzip({ flush, finishFlush: flush }),
  'x-gzip': () => zlib.createGunzip({ flush, finishFlush: flush }),
  deflate: () => zlib.createInflate({ flush, finishFlush: flush }),
  br: () => zlib.createBrotliDecompress({ flush: brotli_flush, finishFlush: brotli_flush }),
};

/** Who takes what comes out. `chunk` answers false to wait for `resume`. */
interface Taker {
  chunk(bytes: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/** Takes an answer in a coding, and gives it on as what it says. */
export interface Decoder {
  /** False: wait until `on_room` is called before the next bytes. */
  write(bytes: Buffer): boolean;
  end(): void;
  resume(): void;
  /** Nothing more is wanted. */
  stop(): void;
}

/** A decoder for the `content-encoding` of an answer; null where nobody here can undo it. */
export function decoderOf(coding: string, taker: Taker, on_room: () => void): Decoder | null {
  const decoder = decoders[coding.trim().toLowerCase()]?.();
  if (!decoder) return null;
  decoder.on('data', (bytes: Buffer) => {
    if (!taker.chunk(bytes)) decoder.pause();
  });
  decoder.on('drain', on_room);
  decoder.on('end', () => taker.end());
  decoder.on('error', (error) => taker.fail(error));
  return {
    write: (bytes) => decoder.write(bytes),
    end: () => decoder.end(),
    resume: () => decoder.resume(),
    stop: () => decoder.destroy(),
  };
}
