// A place in z, and the image that the decoder makes of it: what all controls of the panel share.
"use strict";

vaekit.walk = (() => {
  const { latent, images, condition, walk } = vaekit.data;
  if (!latent) return null;

  const panel = document.getElementById("walk");
  const canvas = document.getElementById("walk-image");
  const time = document.getElementById("walk-time");
  [canvas.height, canvas.width] = images.shape;
  const all = vaekit.floats(latent.z);
  const of = (index) => all.subarray(index * latent.size, (index + 1) * latent.size);
  // Where not every z is one of the latent's, the first image is.
  const z = walk.values ? new Float32Array(latent.size) : of(0).slice();
  const moving = [];
  let label = 0;
  let decoding = false;
  let outdated = false;

  // Decode where the reader is now. What comes while a decode runs is one more after it, of the
  // newest place: places passed by meanwhile are never decoded.
  async function decodeNow() {
    if (!vaekit.decoder) return;
    outdated = true;
    if (decoding) return;
    decoding = true;
    try {
      while (outdated) {
        outdated = false;
        const begun = performance.now();
        const labels = condition && Int32Array.of(label);
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

  // Go to a place, all D values or, with `at`, those from there on. by: the control that asks for
  // it, which isn't told of it again.
  function go(values, by = null, at = 0) {
    z.set(values, at);
    for (const [control, callback] of moving) if (control !== by) callback(z);
    decodeNow();
  }

  // callback(z): the reader has gone to another place, by another control than `control`.
  function onMove(control, callback) {
    moving.push([control, callback]);
  }

  function setLabel(number) {
    label = number;
    decodeNow();
  }

  function start() {
    panel.hidden = false;
    document.getElementById("walk-waiting")?.remove();
    decodeNow();
  }

  if (vaekit.decoder) start();
  else document.addEventListener("decoder", start, { once: true });

  // of(index): z of a shown image. image: the one that was chosen last.
  return { z, go, onMove, setLabel, of, image: 0 };
})();
