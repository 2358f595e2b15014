// The decoder in the page: ONNX Runtime Web, unpacked and run by the reader's browser.
"use strict";

(async () => {
  const { latent } = vaekit.data;
  const needed = ["DecompressionStream", "WebAssembly", "OffscreenCanvas"];
  const lacking = needed.filter((name) => !(name in window));

  async function unpacked(id) {
    const text = atob(document.getElementById(id).textContent);
    const bytes = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  async function opened() {
    const module = document.getElementById("runtime-module").textContent;
    const [binary, model] = await Promise.all([unpacked("runtime-binary"), unpacked("decoder")]);
    ort.env.logLevel = "error";
    ort.env.wasm.numThreads = 1; // more would need a server's word that the page is isolated
    ort.env.wasm.wasmBinary = binary;
    const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
    ort.env.wasm.wasmPaths = { mjs: url };
    try {
      return await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  function giveUp(reason) {
    document.getElementById("walk-waiting")?.remove();
    vaekit.trouble(`The decoder can't run in this browser, and pictures stay still: ${reason}.`);
  }

  if (lacking.length) {
    giveUp(`it lacks ${lacking.join(" and ")}, which those of 2023 and later have`);
    return;
  }
  try {
    const session = await opened();
    let last = Promise.resolve(); // a session runs one batch at a time

    async function run(z, count, labels) {
      const feeds = { z: new ort.Tensor("float32", z, [count, ...latent.shape]) };
      if (labels) feeds.labels = new ort.Tensor("int32", labels, [count, 1]);
      return (await session.run(feeds)).images.data;
    }

    function decode(z, count, labels) {
      const result = last.then(() => run(z, count, labels));
      last = result.catch(() => {});
      return result;
    }

    vaekit.decoder = { decode };
    document.dispatchEvent(new Event("vaekit:decoder"));
  } catch (error) {
    giveUp(error.message);
  }
})();
