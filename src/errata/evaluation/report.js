"use strict";
// Below a long task the model's own lines would lie out of sight.
for (const code of document.querySelectorAll("pre.code")) {
  const written = code.querySelector(".line:not(.given)");
  const below = written ? written.getBoundingClientRect().bottom - code.getBoundingClientRect().bottom : 0;
  if (below > 0) code.scrollTop = below + (2 * code.clientHeight) / 3;
}
// Unpacks plotly.js, which lies in the page as gzip in base64, and draws the figures in the colours of the page's style.
(async () => {
  const text = (id) => document.getElementById(id).textContent;
  const figures = text("figures");
  const names = Object.keys(JSON.parse(figures));
  const places = names.map((name) => document.getElementById(name));
  if (!names.length) return;
  try {
    const packed = Uint8Array.from(atob(text("plotly")), (character) => character.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(unpacked).text();
    document.head.append(script);
  } catch {
    for (const place of places) place.textContent = "This browser cannot unpack the chart; its numbers are in the table.";
    return;
  }
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const drawn = JSON.parse(figures.replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name)));
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), fixedrange: true, automargin: true };
    const shared = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.fontFamily, size: 13, color: colour("--text") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--text") } },
      margin: { l: 52, r: 12, t: 16, b: 40 },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    };
    names.forEach((name, at) => {
      const { data, layout } = drawn[name];
      // What stands under a label in small letters has no room between many labels on a phone.
      const labels = layout.xaxis.ticktext;
      if (labels && places[at].clientWidth < 90 * labels.length)
        layout.xaxis.ticktext = labels.map((label) => label.replace(/<br><span.*<\/span>$/, ""));
      const both = { ...shared, ...layout, xaxis: { ...axis, ...layout.xaxis, showgrid: false }, yaxis: { ...axis, ...layout.yaxis } };
      globalThis.Plotly.react(places[at], data, both, { displayModeBar: false, responsive: true });
    });
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
