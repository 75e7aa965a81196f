import type { Page } from 'playwright-core';

/** Of the element that has the focus: its name, where no ring is to be seen around it; null: one is; '': none has it. */
const unseen = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return '';
  const ringOf = (one) => {
    const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(one);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 ? parseFloat(outlineWidth) + parseFloat(outlineOffset) : null;
  };
  let ringed = element;
  while (ringed && ringOf(ringed) === null && ringed !== element.parentElement?.parentElement) ringed = ringed.parentElement;
  const reach = ringed && ringOf(ringed);
  const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40);
  const name = element.tagName.toLowerCase() + ' ' + words;
  if (reach === null || reach === undefined) return name + ': no ring';
  const box = ringed.getBoundingClientRect();
  for (let around = ringed.parentElement; around; around = around.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(around);
    const edge = around.getBoundingClientRect();
    if (overflowX !== 'visible' && (box.left - reach < edge.left - 0.5 || box.right + reach > edge.right + 0.5)) return name + ': cut at its side';
    if (overflowY !== 'visible' && (box.top - reach < edge.top - 0.5 || box.bottom + reach > edge.bottom + 0.5)) return name + ': cut above or below';
  }
  return null;
})()`;

const most_stops = 200;

/** Goes through everything that takes the focus with Tab; what has no ring that can be seen whole, by name. */
export async function withoutRing(page: Page): Promise<{ stops: number; unseen: string[] }> {
  const without = new Set<string>();
  await page.evaluate('document.activeElement?.blur(); window.getSelection()?.removeAllRanges()');
  for (let stops = 0; stops < most_stops; stops++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate<string | null>(unseen);
    if (name === '' && stops > 0) return { stops, unseen: [...without] };
    if (name !== null && name !== '') without.add(name);
  }
  return { stops: most_stops, unseen: [...without] };
}
