import { inflateSync } from 'node:zlib';
import { type PdfSize, pdfSize } from '@aos/core/activity/pdf.ts';

/**
 * All that is unpacked of the files of one prompt: others wait meanwhile, and 16 MB take about 50 ms. What has more of it
 * is not bounded here. A stream counts as so many bytes at least, for each takes some time however little is in it.
 */
const most_unpacked = 16 * 1024 * 1024;
const least_of_a_stream = 4 * 1024;

/** Sizes of files by the prompts they are in: a call is estimated several times. */
const known = new WeakMap<object, (PdfSize | null)[]>();

const none: readonly PdfSize[] = [];

/** The sizes of the PDFs of a prompt; null where one cannot be bounded. */
export function pdfSizesOf(prompt: { pdfs: readonly string[] }): readonly (PdfSize | null)[] {
  if (prompt.pdfs.length === 0) return none;
  const sizes = known.get(prompt) ?? sizesOf(prompt.pdfs);
  known.set(prompt, sizes);
  return sizes;
}

function sizesOf(pdfs: readonly string[]): (PdfSize | null)[] {
  let left = most_unpacked;
  const inflate = (stream: string): string | null => {
    if (left <= 0) return null;
    try {
      const text = inflateSync(Buffer.from(stream, 'latin1'), { maxOutputLength: left });
      left -= Math.max(text.length, least_of_a_stream);
      return text.toString('latin1');
    } catch {
      // How much was unpacked until it broke or was too much is not known; the prompt is as large as a window already.
      left = 0;
      return null;
    }
  };
  return pdfs.map((base64) => pdfSize(Buffer.from(base64, 'base64').toString('latin1'), inflate));
}
