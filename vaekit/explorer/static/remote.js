// The decoder and the encoder of the page: the run itself, in the process that serves the page.
"use strict";

vaekit.remote = (() => {
  const { most } = vaekit.data.explorer;
  const tries = 5;

  const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

  // What the server answers to a body; a busy one is asked again. Its refusals are thrown.
  async function ask(path, body) {
    for (let left = tries; ; left--) {
      const answer = await fetch(path, { method: "POST", body }).catch(() => {
        throw new Error("The explorer doesn't answer: has its command ended?");
      });
      if (answer.ok) return answer;
      const { error } = await answer.json();
      if (answer.status !== 503 || left <= 1) throw new Error(error);
      await pause(Number(answer.headers.get("Retry-After") ?? 1));
    }
  }

  const floats = async (answer) => new Float32Array(await answer.arrayBuffer());

  // So many latents at most go in one request; the images come one part after the other.
  async function decode(z, count, labels) {
    const size = z.length / count;
    const parts = [];
    for (let start = 0; start < count; start += most) {
      const end = Math.min(count, start + most);
      const body = [z.slice(start * size, end * size)];
      if (labels) body.push(labels.slice(start, end));
      parts.push(await floats(await ask("decode", new Blob(body))));
    }
    if (parts.length === 1) return parts[0];
    const images = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((start, part) => (images.set(part, start), start + part.length), 0);
    return images;
  }

  // label: the class of the image, in a run with a condition.
  const query = (label) => (label == null ? "" : `?label=${label}`);
  const encode = async (image, label) => floats(await ask(`encode${query(label)}`, image));

  // A file of an image: {note, z, image, reconstruction}, and where there are some, codes.
  async function file(content, label) {
    const { note, ...texts } = await (await ask(`file${query(label)}`, content)).json();
    const values = Object.entries(texts).map(([name, text]) => [name, vaekit.floats(text)]);
    return { note, ...Object.fromEntries(values) };
  }

  vaekit.decoder = { decode, encode };
  return { file };
})();
