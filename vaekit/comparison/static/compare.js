// The comparison's charts: one term's curves over each other, and rate against distortion.
"use strict";

(() => {
  const { curves, points } = vaekit.data;
  // Told apart on white and on black.
  const COLOURS = ["#3d7fc9", "#d9772b", "#3c9d62", "#a266c4", "#b8932f", "#2fa3ad", "#d0568c", "#8a8f98"];
  const colour = (number) => COLOURS[number % COLOURS.length];
  const short = (value) => Number(value.toPrecision(5)).toString();

  // The mean as a line, and a band from one standard deviation below it to one above: two lines that
  // are stacked, of which the lower is clear. One name, so that the legend switches all three.
  function lines(curve, number) {
    const pairs = (values) => curve.epochs.map((epoch, place) => [epoch, values[place]]);
    const low = curve.mean.map((mean, place) => mean - curve.std[place]);
    const band = {
      name: curve.group,
      type: "line",
      stack: curve.group,
      stackStrategy: "all",
      symbol: "none",
      silent: true,
      lineStyle: { opacity: 0 },
      tooltip: { show: false },
      color: colour(number),
    };
    return [
      { name: curve.group, type: "line", symbolSize: 5, color: colour(number), data: pairs(curve.mean) },
      { ...band, data: pairs(low) },
      { ...band, areaStyle: { opacity: 0.18 }, data: pairs(curve.std.map((std) => 2 * std)) },
    ];
  }

  function tooltip(shown) {
    const rows = shown.filter(({ seriesIndex }) => seriesIndex % 3 === 0);
    const values = rows.map(({ marker, seriesName, value }) => {
      const name = echarts.format.encodeHTML(seriesName);
      return `${marker}${name}: ${short(value[1])}`;
    });
    return [`epoch ${shown[0].value[0]}`, ...values].join("<br>");
  }

  const grid = { left: 70, right: 20, top: 70, bottom: 45 };
  const legend = { type: "scroll", top: 0, left: 60 };
  const chosen = document.getElementById("term");
  const chart = vaekit.chart(document.getElementById("curves"), {});

  function show() {
    const shown = curves[chosen.value].filter(({ epochs }) => epochs.length);
    chart.setOption(
      {
        animation: false,
        backgroundColor: "transparent",
        grid,
        legend: { ...legend, data: shown.map(({ group }) => group) },
        tooltip: { trigger: "axis", formatter: tooltip },
        xAxis: { type: "value", name: "epoch", nameLocation: "middle", nameGap: 25, min: "dataMin", max: "dataMax", minInterval: 1 },
        yAxis: { type: "value", scale: true, name: chosen.selectedOptions[0].text, nameTextStyle: { align: "left" } },
        series: shown.flatMap(lines),
      },
      { notMerge: true },
    );
  }

  chosen.addEventListener("change", show);
  show();

  if (points) {
    vaekit.chart(document.getElementById("points"), {
      grid,
      legend,
      tooltip: {
        formatter: ({ marker, name, value }) =>
          `${marker}${echarts.format.encodeHTML(name)}<br>KL ${short(value[0])}, distortion ${short(value[1])}`,
      },
      xAxis: { type: "value", scale: true, name: "rate, KL (nats)", nameLocation: "middle", nameGap: 25 },
      yAxis: { type: "value", scale: true, name: points.axis, nameTextStyle: { align: "left" } },
      series: points.series.map(({ group, points: own }, number) => ({
        name: group,
        type: "scatter",
        symbolSize: 11,
        color: colour(number),
        data: own,
      })),
    });
  }
})();
