// From a basin's numbers to traces and axes; nothing here touches the page.

// Okabe and Ito's colours; every series also differs by its line or its marker.
const INK = "#1c2126", GRID = "#e3e6ea", BLUE = "#0072b2", GREEN = "#009e73", VERMILION = "#d55e00", SKY = "#56b4e9";
const LEVELS = {
  low: { colour: VERMILION, symbol: "circle" },
  median: { colour: GREEN, symbol: "square" },
  high: { colour: BLUE, symbol: "triangle-up" },
};
const REFERENCES = { field: ["dash", "field-scale equation"], mixed: ["dashdot", "mixed by rain"], truth: ["dot", "truth"] };
const ORDERED = ["#7ad151", "#22a884", "#2a788e", "#414487", "#440154"]; // of viridis, without its pale end
const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "cross"];
const MARKERS = 6; // of a line, enough to tell it from others
const DAY = 86400e3;
const CROWD = 100; // basins whose dots on the map are small

/** Text as Plotly shows it: it takes what looks like HTML for HTML. */
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Text in lines that fit beside an axis. */
function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last && last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map(plain).join("<br>");
}

function tinted(colour) {
  return `${colour}33`;
}

function axis(title, more = {}) {
  return {
    title: { text: title, standoff: 6, font: { size: 12 } }, automargin: true, gridcolor: GRID, linecolor: "#8b949e", showline: true,
    zerolinecolor: "#8b949e", ticks: "outside", exponentformat: "none", ...more,
  };
}

function layout(xaxis, yaxis, more = {}) {
  return {
    xaxis, yaxis, showlegend: false, margin: { l: 10, r: 12, t: 8, b: 10 }, hovermode: "closest",
    font: { family: "system-ui, sans-serif", size: 12, color: INK }, paper_bgcolor: "#fff", plot_bgcolor: "#fff", ...more,
  };
}

function line(x, y, look, hover, more = {}) {
  const marker = look.symbol ? { symbol: look.symbol, size: 7, color: look.colour, maxdisplayed: MARKERS } : {};
  return {
    x, y, type: "scatter", mode: look.symbol ? "lines+markers" : "lines", marker, line: { color: look.colour, width: 2, dash: look.dash ?? "solid" },
    hovertemplate: hover, ...more,
  };
}

/** The range between two lines. */
function band(x, own, colour) {
  const edge = { x, type: "scatter", mode: "lines", line: { width: 0, color: colour }, hoverinfo: "skip" };
  return [{ ...edge, y: own.low }, { ...edge, y: own.high, fill: "tonexty", fillcolor: tinted(colour) }];
}

/** Lags from 0 on, wide where responses change fast. */
function stretched(lags) {
  return lags.map((lag) => Math.log10(1 + lag));
}

function lagAxis(last) {
  const shown = [0, 1, 2, 5, 10, 30, 100, 300, 1000].filter((lag) => lag <= last);
  return axis("lag after the rain [d]", {
    tickvals: stretched(shown), ticktext: shown.map(String), range: [0, Math.log10(1 + last)], zeroline: false,
  });
}

function dates(hydrograph) {
  const start = Date.parse(hydrograph.start);
  return hydrograph.mean.map((_, i) => new Date(start + i * hydrograph.step * DAY).toISOString().slice(0, 10));
}

const HYDROGRAPH_KEY = [
  { label: "observed", colour: INK },
  { label: "simulated, nexus closed loop: mean and range of the ensemble", colour: BLUE, dash: "dash", band: true },
  { label: "precipitation", colour: SKY, band: true },
];

/** Streamflow with rain hanging from above, of one calendar year or of all. */
function hydrographChart(hydrograph, year, logarithmic) {
  const days = dates(hydrograph);
  const kept = days.flatMap((day, i) => (year === "all" || day.startsWith(year) ? [i] : []));
  const part = (values) => kept.map((i) => values[i]);
  const x = part(days), simulated = { low: part(hydrograph.low), high: part(hydrograph.high) };
  const rain = {
    x, y: part(hydrograph.precipitation), yaxis: "y2", type: "scatter", mode: "lines", line: { shape: "hvh", width: 1, color: SKY },
    fill: "tozeroy", fillcolor: "#56b4e9", hovertemplate: "%{y} mm/d", name: "precipitation",
  };
  const data = [
    ...band(x, simulated, BLUE),
    line(x, part(hydrograph.observed), { colour: INK }, "%{y} mm/d", { name: "observed", line: { color: INK, width: 1.4 } }),
    line(x, part(hydrograph.mean), { colour: BLUE }, "%{y} mm/d", { name: "simulated", line: { color: BLUE, width: 1.8, dash: "4px,2px" } }),
    rain,
  ];
  const flow = axis("streamflow [mm/d]", { domain: [0, 0.72], type: logarithmic ? "log" : "linear", rangemode: logarithmic ? "normal" : "tozero" });
  return {
    data,
    layout: layout(axis("date", { type: "date" }), flow, {
      hovermode: "x unified", yaxis2: axis("precipitation<br>[mm/d]", { domain: [0.77, 1], autorange: "reversed", rangemode: "tozero" }),
    }),
  };
}

function lawsKey(laws) {
  const there = new Set(laws.flatMap((law) => law.curves.flatMap(Object.keys)));
  const references = Object.entries(REFERENCES).filter(([name]) => there.has(name));
  return [
    ...Object.entries(LEVELS).map(([level, look]) => ({ label: `learned, ${level} store`, ...look, band: true })),
    ...references.map(([, [dash, label]]) => ({ label, colour: INK, dash })),
  ];
}

/** A learned law beside equations, one colour for each level of its store. */
function lawPanel(law) {
  const data = law.curves.flatMap((curve) => {
    const look = LEVELS[curve.level];
    const hover = `%{y} at %{x}; ${curve.level} store: ${curve.store}<extra></extra>`;
    return [
      ...band(curve.drive, curve, look.colour),
      line(curve.drive, curve.mean, look, hover),
      ...Object.entries(REFERENCES).filter(([name]) => name in curve)
        .map(([name, [dash, label]]) => line(curve.drive, curve[name], { colour: look.colour, dash }, `${label}: ${hover}`)),
    ];
  });
  const stores = law.curves.map((curve) => `${curve.level} ${curve.store}`).join(", ");
  return {
    title: law.process.replaceAll("_", " "),
    text: [law.equation, stores ? `${law.y}: ${stores}` : "The basin has hardly been here: nothing to draw."],
    data,
    layout: layout(axis(wrapped(law.x, 44)), axis(wrapped(law.flux, 30), { rangemode: "tozero" })),
  };
}

function routingPanel(routing) {
  const look = { colour: INK, symbol: "circle" };
  return {
    title: "routing",
    text: [routing.equation, "unit hydrograph"],
    data: [...band(routing.lag, routing, INK), line(routing.lag, routing.mean, look, "%{y} at %{x} d<extra></extra>")],
    layout: layout(axis("lag [d]"), axis("share of the water [-]", { rangemode: "tozero" })),
  };
}

/** Colour and marker of the classes of intensity, from light to heavy rain; classes without rain have none. */
function intensityLooks(intensity) {
  const scale = (i) => Math.round((i * (ORDERED.length - 1)) / Math.max(1, intensity.length - 1));
  return intensity.map((value, i) => value === null ? null : {
    colour: ORDERED[scale(i)], symbol: SYMBOLS[i % SYMBOLS.length], label: `rain of ${value} mm/d`,
  });
}

function pulsesKey(pulses) {
  const looks = intensityLooks(pulses.intensity).filter(Boolean).map((look) => ({ ...look, band: true }));
  const known = Object.values(pulses.fluxes).some((curves) => curves.some((curve) => curve.truth));
  return known ? [...looks, { label: "truth", colour: INK, dash: "dot" }] : looks;
}

/** Responses of one flux to a removed pulse of rain, one line for each class of intensity. */
function pulsePanel(pulses, flux) {
  const x = stretched(pulses.lag), looks = intensityLooks(pulses.intensity);
  const data = pulses.fluxes[flux].flatMap((curve, i) => {
    const look = looks[i];
    if (!look) return [];
    const hover = `%{y} at %{customdata} d; ${look.label}<extra></extra>`;
    const truth = curve.truth ? [line(x, curve.truth, { colour: look.colour, dash: "dot" }, `truth: ${hover}`, { customdata: pulses.lag })] : [];
    return [...band(x, curve, look.colour), line(x, curve.mean, look, hover, { customdata: pulses.lag }), ...truth];
  });
  return {
    title: flux.replaceAll("_", " "), text: [], data,
    layout: layout(lagAxis(pulses.lag.at(-1)), axis("response per mm of rain [1/d]")),
  };
}

const ERRA = {
  observed: { label: "ERRA of observations, 95 % interval", colour: INK, dash: "solid" },
  simulated: { label: "ERRA of the simulation, 95 % interval", colour: BLUE, dash: "dash" },
};
const REMOVED = { label: "removed rain, closed loop, range of the ensemble", colour: GREEN, dash: "dashdot", symbol: "square" };
const ERRA_KEY = [...Object.values(ERRA), REMOVED].map((look) => ({ ...look, band: true }));

/** One panel for each class of intensity: observations, simulation and removed rain on one axis. */
function erraPanels(erra, pulses) {
  const x = stretched(erra.lag), last = erra.lag.at(-1);
  const within = pulses.lag.filter((lag) => lag <= last).length;
  return pulses.intensity.flatMap((intensity, i) => {
    if (intensity === null) return [];
    const data = Object.entries(ERRA).flatMap(([series, look]) => {
      const curve = erra.series[series][i];
      return [...band(x, curve, look.colour), line(x, curve.mean, look, `${series}: %{y} at %{customdata} d<extra></extra>`, { customdata: erra.lag })];
    });
    const lags = pulses.lag.slice(0, within), own = pulses.fluxes.streamflow[i];
    const cut = { low: own.low.slice(0, within), high: own.high.slice(0, within) };
    const hover = "removed rain: %{y} at %{customdata} d<extra></extra>";
    data.push(...band(stretched(lags), cut, REMOVED.colour), line(stretched(lags), own.mean.slice(0, within), REMOVED, hover, { customdata: lags }));
    return [{
      title: `rain of ${intensity} mm/d`, text: [], data, layout: layout(lagAxis(last), axis("response per mm of rain [1/d]")),
    }];
  });
}

/** Basins at their places, coloured by a measure; `chosen` is ringed. */
function mapChart(basins, values, measure, chosen) {
  const shown = basins.flatMap((basin, i) => (basin.place ? [i] : []));
  const longitudes = shown.map((i) => basins[i].place[0]), latitudes = shown.map((i) => basins[i].place[1]);
  const look = { size: shown.length > CROWD ? 5 : 9, line: { width: 0.5, color: INK } };
  const title = { text: plain(measure), side: "top", font: { size: 11 } };
  const marker = values
    ? {
      ...look, color: shown.map((i) => values[i]), colorscale: "Cividis",
      colorbar: { orientation: "h", thickness: 8, y: 1, yanchor: "bottom", ypad: 4, tickfont: { size: 10 }, title },
    }
    : { ...look, color: BLUE };
  const dots = {
    x: longitudes, y: latitudes, customdata: shown, text: shown.map((i) => plain(basins[i].name)), type: "scatter", mode: "markers", marker,
    hovertemplate: values ? "%{text}: %{marker.color:.3g}<extra></extra>" : "%{text}<extra></extra>",
  };
  const here = shown.filter((i) => i === chosen);
  const ring = {
    x: here.map((i) => basins[i].place[0]), y: here.map((i) => basins[i].place[1]), type: "scatter", mode: "markers", hoverinfo: "skip",
    marker: { symbol: "circle-open", size: 17, color: VERMILION, line: { width: 3 } },
  };
  const middle = (Math.min(...latitudes) + Math.max(...latitudes)) / 2;
  const degrees = (text) => ({ title: { text, font: { size: 11 } }, tickfont: { size: 10 }, zeroline: false, automargin: false });
  const round = { scaleanchor: "x", scaleratio: 1 / Math.cos((middle * Math.PI) / 180) };
  return {
    data: [dots, ring],
    layout: layout(axis("", degrees("longitude [°]")), axis("", { ...degrees("latitude [°]"), ...round }), { margin: { l: 44, r: 8, t: values ? 52 : 8, b: 36 } }),
  };
}
