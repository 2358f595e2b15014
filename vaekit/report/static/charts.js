// How training went, and how much each unit of z is used.
"use strict";

(() => {
  const { data, chart } = vaekit;
  const [training, , validation] = data.colours;
  const FEW = 30; // epochs that are marked one by one

  function element(tag, parent, properties = {}) {
    const made = Object.assign(document.createElement(tag), properties);
    parent.append(made);
    return made;
  }

  function line(name, values, color, type) {
    return {
      name,
      type: "line",
      data: values,
      color,
      lineStyle: { type, width: 1.8 },
      connectNulls: true,
      symbolSize: 4,
      showSymbol: data.curves.epochs.length <= FEW,
    };
  }

  function curve(term, parent) {
    const figure = element("figure", parent);
    element("figcaption", figure, { textContent: term.name });
    const series = [];
    if (term.training) series.push(line("training", term.training, training, "solid"));
    if (term.validation) series.push(line("held-out", term.validation, validation, "dashed"));
    const made = chart(element("div", figure, { className: "chart" }), {
      grid: { left: 8, right: 14, top: 26, bottom: 8, outerBoundsMode: "same" },
      legend: { top: 0, left: 0, itemWidth: 22, itemHeight: 8 },
      tooltip: { trigger: "axis", confine: true },
      xAxis: { type: "category", data: data.curves.epochs, name: "epoch", nameLocation: "middle" },
      yAxis: { type: "value", scale: true, splitNumber: 4 },
      series,
    });
    const positive = series.every((one) => one.data.every((value) => value === null || value > 0));
    return { made, positive };
  }

  function drawCurves() {
    const parent = document.getElementById("curves-charts");
    const curves = data.curves.terms.map((term) => curve(term, parent));
    const logarithmic = document.getElementById("curves-log");
    logarithmic.addEventListener("change", () => {
      const type = logarithmic.checked ? "log" : "value";
      for (const { made, positive } of curves) {
        if (positive) made.setOption({ yAxis: { type } });
      }
    });
  }

  function drawUnits(units) {
    const order = units.kl.map((_, unit) => unit).sort((a, b) => units.kl[b] - units.kl[a]);
    const what = units.channels ? "channel of z" : "unit of z";
    chart(document.getElementById("units"), {
      grid: { left: 8, right: 14, top: 30, bottom: 8, outerBoundsMode: "same" },
      tooltip: { trigger: "axis", confine: true },
      xAxis: { type: "category", data: order, name: `${what}, by its KL`, nameLocation: "middle" },
      yAxis: { type: "value", name: "KL, nats", nameTextStyle: { align: "left" } },
      series: [
        {
          type: "bar",
          name: "KL, nats",
          barMaxWidth: 40,
          data: order.map((unit) => ({
            value: units.kl[unit],
            itemStyle: { color: units.kl[unit] > units.dead ? training : "#94a4a2" },
          })),
        },
      ],
    });
  }

  function drawCodes(usage, parent) {
    chart(parent, {
      grid: { left: 8, right: 14, top: 30, bottom: 8, outerBoundsMode: "same" },
      tooltip: { trigger: "axis", confine: true },
      xAxis: {
        type: "category",
        data: Array.from({ length: usage.size ?? usage.counts.length }, (_, rank) => rank + 1),
        name: "code, by how often it is taken",
        nameLocation: "middle",
      },
      yAxis: { type: "value", name: "times", nameTextStyle: { align: "left" } },
      series: [{ type: "bar", name: "times", data: usage.counts, color: training, large: true }],
    });
  }

  // Charts have to be seen to have a size.
  document.documentElement.classList.add("scripted");
  try {
    if (data.curves.epochs.length) drawCurves();
    if (data.units) drawUnits(data.units);
    document.querySelectorAll(".codes").forEach((parent, n) => drawCodes(data.codes[n], parent));
  } catch (error) {
    document.documentElement.classList.remove("scripted");
    vaekit.trouble(`This browser can't draw the charts, so still pictures stand for them: ${error.message}.`);
  }
})();
