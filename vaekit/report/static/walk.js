// A place in z, and the image that the decoder makes of it: what all controls of the panel share.
"use strict";

vaekit.walk = (() => {
  const { latent, images, walk } = vaekit.data;
  if (!latent) return null;

  const panel = document.getElementById("walk");
  const canvas = document.getElementById("walk-image");
  const time = document.getElementById("walk-time");
  const classes = document.getElementById("walk-class"); // null without a condition
  const all = vaekit.floats(latent.z);
  const of = (index) => all.subarray(index * latent.size, (index + 1) * latent.size);
  // Where not every z is one of the latent's, the first image is.
  const z = walk.free ? new Float32Array(latent.size) : of(0).slice();
  const moving = [];
  let decoding = false;
  let outdated = false;

  // Decode where the reader is now. Of all places passed by while one is decoded, the newest alone
  // is decoded after it.
  async function decodeNow() {
    if (!vaekit.decoder) return;
    outdated = true;
    if (decoding) return;
    decoding = true;
    try {
      while (outdated) {
        outdated = false;
        const begun = performance.now();
        const labels = classes && Int32Array.of(Number(classes.value));
        const values = await vaekit.decoder.decode(z.slice(), 1, labels);
        vaekit.paint(canvas, values, images.shape);
        time.textContent = `${(performance.now() - begun).toFixed(1)} ms an image`;
      }
    } catch (error) {
      vaekit.trouble(`The decoder failed: ${error.message}`);
    } finally {
      decoding = false;
    }
  }

  // Go to a place: all D values, or those from place `at` of z on.
  // by: the control that asks for it, which isn't told of it.
  function go(values, { by = null, at = 0, label = null } = {}) {
    z.set(values, at);
    if (classes && label !== null) classes.value = label;
    for (const [control, callback] of moving) if (control !== by) callback();
    decodeNow();
  }

  // A draw of N(0, 1), by Box and Muller.
  function normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return radius * Math.cos(2 * Math.PI * Math.random());
  }

  function start() {
    panel.hidden = false;
    document.getElementById("walk-waiting")?.remove();
    decodeNow();
  }

  function onPress(id, press) {
    document.getElementById(id)?.addEventListener("click", press);
  }

  [canvas.height, canvas.width] = images.shape;
  classes?.addEventListener("change", decodeNow);
  onPress("walk-reset", () => go(new Float32Array(latent.size)));
  onPress("walk-draw", () => go(Float32Array.from({ length: latent.size }, normal)));
  document.addEventListener("vaekit:z", ({ detail }) => go(detail.z, { label: detail.label }));
  if (vaekit.decoder) start();
  else document.addEventListener("vaekit:decoder", start, { once: true });

  return {
    z,
    go,
    // callback(): the reader has gone to another place, by another control than this.
    onMove: (control, callback) => moving.push([control, callback]),
    of, // z of the shown image `index`
    image: 0, // that was chosen last
    place: { number: 0, count: 1, onChoice: () => {} }, // of a map of z; see walk_place.js
  };
})();
