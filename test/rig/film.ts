/** A page filmed as an animated GIF: pictures while something happens, each shown for as long as it stood; of each only what has changed is stored. */
import gifenc from 'gifenc';
import type { Page } from 'playwright-core';

interface Picture {
  png: Buffer;
  atMs: number;
}

/** Palette entries of a picture; one more stands for "as before". */
const COLOURS = 127;

export class Film {
  readonly #page: Page;
  readonly #pictures: Picture[] = [];
  #running = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(page: Page) {
    this.#page = page;
  }

  start(): void {
    this.#running = true;
    this.#loop = this.#take();
  }

  async #take(): Promise<void> {
    while (this.#running) {
      const png = await this.#page.screenshot({ type: 'png', animations: 'allow', caret: 'initial' });
      if (!this.#pictures.at(-1)?.png.equals(png)) this.#pictures.push({ png, atMs: Date.now() });
    }
  }

  /** A dot where a finger would be, for `forMs`. Lies over everything and takes no tap. */
  async touch(x: number, y: number, forMs: number): Promise<void> {
    await this.#page.evaluate(
      ([left, top]) => {
        const dot = document.createElement('div');
        dot.id = 'finger';
        Object.assign(dot.style, {
          position: 'fixed',
          left: `${left! - 22}px`,
          top: `${top! - 22}px`,
          width: '44px',
          height: '44px',
          borderRadius: '50%',
          background: 'rgb(128 128 128 / 45%)',
          boxShadow: '0 0 0 2px rgb(255 255 255 / 70%)',
          pointerEvents: 'none',
          zIndex: '9999',
        });
        document.body.append(dot);
      },
      [x, y],
    );
    await this.#page.waitForTimeout(forMs);
    await this.#page.evaluate(() => document.getElementById('finger')?.remove());
  }

  /** Ends, and makes the GIF. `longestMs`: no picture stands longer, however long a machine thought. */
  async gif(longestMs: number, lastMs: number): Promise<Uint8Array> {
    this.#running = false;
    await this.#loop;
    const encoder = gifenc.GIFEncoder();
    let before: Uint8ClampedArray | null = null;
    for (const [i, { png, atMs }] of this.#pictures.entries()) {
      const { width, height, rgba } = await this.#pixels(png);
      const next = this.#pictures[i + 1];
      const delay = next ? Math.min(longestMs, next.atMs - atMs) : lastMs;
      const palette = gifenc.quantize(rgba, COLOURS);
      const index = gifenc.applyPalette(rgba, palette);
      const asBefore = palette.length;
      if (before)
        for (let at = 0; at < index.length; at++) {
          const p = at * 4;
          if (rgba[p] === before[p] && rgba[p + 1] === before[p + 1] && rgba[p + 2] === before[p + 2]) index[at] = asBefore;
        }
      const shared = { palette: [...palette, [0, 0, 0] as [number, number, number]], delay, dispose: 1 };
      encoder.writeFrame(index, width, height, before ? { ...shared, transparent: true, transparentIndex: asBefore } : shared);
      before = rgba;
    }
    encoder.finish();
    return encoder.bytes();
  }

  /** The browser reads its own pictures. */
  async #pixels(png: Buffer): Promise<{ width: number; height: number; rgba: Uint8ClampedArray }> {
    const { width, height, data } = await this.#page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
      let text = '';
      for (let i = 0; i < pixels.length; i += 0x8000) text += String.fromCharCode(...pixels.subarray(i, i + 0x8000));
      return { width: bitmap.width, height: bitmap.height, data: btoa(text) };
    }, png.toString('base64'));
    return { width, height, rgba: new Uint8ClampedArray(Buffer.from(data, 'base64')) };
  }
}
