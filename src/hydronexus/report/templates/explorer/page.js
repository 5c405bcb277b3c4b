// The page: the list of basins, what is chosen, and the charts of it. What is chosen stands in the address, so that it can be linked to.

const INDEX = JSON.parse(document.getElementById("index").textContent);
const BASINS = INDEX.basins;
const TABS = [...document.querySelectorAll("[role=tab]")];
const PLOTLY = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
const PAGE = 10; // basins that page up and page down pass over
const byId = (id) => document.getElementById(id);
let current = { position: null, payload: null };

function create(tag, text = "", more = {}) {
  const made = Object.assign(document.createElement(tag), more);
  made.textContent = text;
  return made;
}

function number(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  return value && Math.abs(value) < 0.5 * 10 ** -digits ? value.toExponential(1) : value.toFixed(digits);
}

// ---- What is chosen ----

function wanted() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const tabs = TABS.map((tab) => tab.getAttribute("aria-controls"));
  const tab = tabs.includes(asked.get("tab")) ? asked.get("tab") : tabs[0];
  return { basin: asked.get("basin"), tab, year: asked.get("year") ?? "all", scale: asked.get("scale") ?? "linear" };
}

function choose(change) {
  history.replaceState(null, "", `#${new URLSearchParams({ ...wanted(), ...change })}`);
  show();
}

async function unpack(position) {
  const bytes = Uint8Array.from(atob(byId(`basin-${position}`).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

async function show() {
  const main = document.querySelector("main"), choice = wanted();
  const position = BASINS.findIndex((basin) => basin.name === choice.basin);
  if (position < 0) {
    const first = visible()[0] ?? options[0];
    if (first) choose({ basin: BASINS[first.dataset.position].name });
    else main.setAttribute("aria-busy", "false");
    return;
  }
  main.setAttribute("aria-busy", "true");
  if (position !== current.position) {
    current = { position, payload: null };
    mark(position);
    const payload = BASINS[position].quarantine ? null : await unpack(position);
    if (position !== current.position) return; // another basin was chosen meanwhile
    current.payload = payload;
    describe();
  } else if (!current.payload && !BASINS[position].quarantine) {
    return; // being unpacked; what was chosen meanwhile is read then
  }
  draw(wanted());
  main.setAttribute("aria-busy", "false");
}

function describe() {
  const { position, payload } = current, basin = BASINS[position];
  document.title = `${basin.name} – ${document.querySelector("h1").textContent} – hydronexus explorer`;
  byId("name").textContent = basin.name;
  byId("failed").hidden = !basin.quarantine;
  byId("results").hidden = Boolean(basin.quarantine);
  byId("facts").replaceChildren(...(payload ? facts(payload) : []));
  drawMap();
  if (basin.quarantine) {
    const { stage, error, reason } = basin.quarantine;
    byId("failed").replaceChildren(create("b", `Quarantined at ${stage} (${error}); it is in no number of the study.`), create("p", reason));
    return;
  }
  const years = [...new Set(dates(payload.hydrograph).map((day) => day.slice(0, 4)))];
  byId("year").replaceChildren(new Option("all", "all"), ...years.map((year) => new Option(year)));
}

function degrees(value, positive, negative) {
  return `${number(Math.abs(value))}° ${value < 0 ? negative : positive}`;
}

function facts({ climate, skill, notes, place }) {
  const closed = skill.find((row) => row.model === "nexus_closed");
  const said = [
    climate.area_km2 !== null && `${number(climate.area_km2, 0)} km²`,
    place && `${degrees(place[1], "N", "S")}, ${degrees(place[0], "E", "W")}`,
    `precipitation ${number(climate.precipitation, 1)} mm/d`,
    `aridity ${number(climate.aridity)}`,
    climate.snow_fraction !== null && `snow ${number(100 * climate.snow_fraction, 0)} % of precipitation`,
    closed && `test NSE, closed loop ${number(closed.nse)}`,
  ].filter(Boolean);
  const more = create("details");
  more.append(create("summary", `notes on the data (${notes.length})`), ...notes.map((note) => create("p", note)));
  return [create("p", said.join(" · ")), ...(notes.length ? [more] : [])];
}

// ---- Charts ----

function draw({ tab, year, scale }) {
  for (const button of TABS) {
    const chosen = button.getAttribute("aria-controls") === tab;
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    byId(button.getAttribute("aria-controls")).hidden = !chosen;
  }
  const { payload } = current;
  if (!payload) return;
  byId("year").value = year;
  if (!byId("year").value) byId("year").value = "all"; // a year of another basin's record
  byId("logarithmic").checked = scale === "log";
  const chart = hydrographChart(payload.hydrograph, byId("year").value, scale === "log");
  document.querySelector("figure > .key").replaceChildren(...HYDROGRAPH_KEY.map(keyEntry));
  Plotly.react("hydrograph", chart.data, chart.layout, PLOTLY);
  TAB_CONTENTS[tab](byId(tab), payload);
}

const TAB_CONTENTS = {
  laws(section, { laws, routing }) {
    fill(section, lawsKey(laws), [...laws.map(lawPanel), routingPanel(routing)]);
    inform(section, laws.length ? "" : "The laws read the encoder's hidden state (law_inputs: hidden): no function of the stores.");
  },
  pulses(section, { pulses }) {
    fill(section, pulsesKey(pulses), Object.keys(pulses.fluxes).map((flux) => pulsePanel(pulses, flux)));
  },
  erra(section, { erra, pulses }) {
    fill(section, erra ? ERRA_KEY : [], erra ? erraPanels(erra, pulses) : []);
    inform(section, erra ? "" : "The record is too short or too dry for ensemble rainfall-runoff analysis.");
  },
  indices(section, payload) {
    section.querySelector(".tables").replaceChildren(...skillTable(payload.skill), ...indexTable(payload.indices));
  },
};

function fill(section, key, panels) {
  section.querySelector(".key").replaceChildren(...key.map(keyEntry));
  const place = section.querySelector(".panels");
  while (place.children.length > panels.length) {
    Plotly.purge(place.lastElementChild.querySelector(".chart"));
    place.lastElementChild.remove();
  }
  panels.forEach((panel, i) => {
    const figure = place.children[i] ?? newPanel(place);
    const lines = panel.text.filter(Boolean).map((text) => create("small", text));
    figure.querySelector("figcaption").replaceChildren(panel.title, ...lines);
    Plotly.react(figure.querySelector(".chart"), panel.data, panel.layout, PLOTLY);
  });
}

function inform(section, text) {
  section.querySelector(".missing").textContent = text;
}

function newPanel(place) {
  const figure = create("figure");
  figure.append(create("figcaption"), create("div", "", { className: "chart" }));
  place.append(figure);
  return figure;
}

/** A line of the key, drawn as in the charts. */
function keyEntry({ label, colour, dash = "solid", symbol, band: ranged }) {
  const shapes = {
    circle: '<circle cx="16" cy="7" r="3.5"/>', square: '<rect x="12.5" y="3.5" width="7" height="7"/>', "triangle-up": '<path d="M16 2l4.5 8h-9z"/>',
    diamond: '<path d="M16 2l5 5-5 5-5-5z"/>', cross: '<path d="M14.5 3h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5v-3h2.5z"/>',
  };
  const dashes = { solid: "none", dash: "6 4", dashdot: "7 3 2 3", dot: "2 3" };
  const entry = create("span");
  entry.innerHTML = `<svg width="32" height="14" aria-hidden="true" fill="${colour}">${ranged ? '<rect width="32" height="14" opacity="0.2"/>' : ""}
    <path d="M0 7h32" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes[dash]}"/>${shapes[symbol] ?? ""}</svg>`;
  entry.append(label);
  return entry;
}

// ---- Tables ----

function table(title, columns, rows) {
  const made = create("table"), scroll = create("div", "", { className: "scroll", tabIndex: 0 });
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", title);
  const head = made.createTHead().insertRow(), body = made.createTBody();
  head.append(...columns.map(({ label, numeric }) => create("th", label, { scope: "col", className: numeric ? "n" : "" })));
  for (const row of rows) {
    const cells = columns.map(({ cell, numeric }) => {
      const [value, below] = [cell(row)].flat(), made = create("td", value, { className: numeric ? "n" : "" });
      if (below) made.append(create("small", below));
      return made;
    });
    body.insertRow().append(...cells);
  }
  scroll.append(made);
  return [create("h3", title), scroll];
}

function skillTable(skill) {
  const score = (name) => ({ label: `${name.toUpperCase()} [-]`, numeric: true, cell: (row) => number(row[name]) });
  return table("Skill in the test period", [{ label: "model", cell: (row) => row.name }, score("nse"), score("kge")], skill);
}

function indexTable(indices) {
  const measure = (label, name, digits = 2) => ({
    label, numeric: true,
    cell: (row) => [number(row[name], digits), row[`${name}_low`] == null ? "" : `${number(row[`${name}_low`], digits)} to ${number(row[`${name}_high`], digits)}`],
  });
  return table("Indices and verdicts", [
    { label: "process, field-scale equation", cell: (row) => [row.process.replaceAll("_", " "), row.field_equation] },
    { label: "identifiability", cell: (row) => row.verdict ?? "–" },
    measure("elasticity [-]", "elasticity"), measure("T50 [d]", "t50", 1), measure("T90 [d]", "t90", 1), measure("NL [-]", "nonlinearity"),
    measure("memory [d]", "memory", 0), measure("deformation [-]", "deformation"), measure("gain by mixing [-]", "mixing_gain"),
  ], indices);
}

// ---- The list of basins and the map ----

const list = byId("basins"), search = byId("search"), order = byId("order");
let descending = false;
const options = BASINS.map((basin, position) => {
  const option = create("li", "", { id: `option-${position}` });
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.dataset.position = position;
  option.append(create("span", basin.name, { className: "name" }), create("span", "", { className: "value" }));
  return option;
});

/** Values of the measure that basins are ordered by; null where they are ordered by name. */
function measured() {
  return order.value === "" ? null : BASINS.map((basin) => basin.values[order.value]);
}

function visible() {
  return [...list.children].filter((option) => !option.hidden);
}

function sort() {
  const values = measured(), sign = descending ? -1 : 1;
  const names = new Intl.Collator("en", { numeric: true });
  const place = (option) => Number(option.dataset.position);
  const last = (option) => (BASINS[place(option)].quarantine ? 2 : values && values[place(option)] === null ? 1 : 0);
  const byName = (a, b) => names.compare(BASINS[place(a)].name, BASINS[place(b)].name);
  options.sort((a, b) => {
    if (last(a) !== last(b) || last(a)) return last(a) - last(b) || byName(a, b); // what has no value stays below
    return sign * (values ? values[place(a)] - values[place(b)] : byName(a, b)) || byName(a, b);
  });
  for (const option of options) {
    const basin = BASINS[place(option)];
    option.lastElementChild.textContent = basin.quarantine ? "quarantined" : values ? number(values[place(option)]) : "";
  }
  list.replaceChildren(...options);
  byId("direction").textContent = descending ? "↓" : "↑";
  byId("direction").ariaLabel = descending ? "Descending; reverse the order" : "Ascending; reverse the order";
  reveal();
  drawMap();
}

function filter() {
  const sought = search.value.trim().toLowerCase();
  for (const option of options) option.hidden = !BASINS[option.dataset.position].name.toLowerCase().includes(sought);
  const failed = BASINS.filter((basin) => basin.quarantine).length, shown = visible().length;
  const some = shown === BASINS.length ? "" : `${shown} of `;
  byId("count").textContent = `${some}${BASINS.length} basins${failed ? `, ${failed} quarantined` : ""}`;
}

function mark(position) {
  for (const option of options) option.setAttribute("aria-selected", String(Number(option.dataset.position) === position));
  list.setAttribute("aria-activedescendant", `option-${position}`);
  reveal();
}

function reveal() {
  list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

/** Choose the basin so many places below the chosen one, among those the search has left. */
function move(steps) {
  const shown = visible(), from = shown.findIndex((option) => Number(option.dataset.position) === current.position);
  const to = from < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, from + steps));
  if (shown[to]) choose({ basin: BASINS[shown[to].dataset.position].name });
}

function drawMap() {
  if (byId("map").hidden) return;
  const chart = mapChart(BASINS, measured(), order.selectedOptions[0].text, current.position);
  Plotly.react("map", chart.data, chart.layout, { ...PLOTLY, displayModeBar: false });
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -Infinity, End: Infinity };
const LETTERS = new Set(["Home", "End"]); // keys that move in the text of the search

list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) choose({ basin: BASINS[option.dataset.position].name });
});
for (const box of [list, search]) {
  box.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || (box === search && LETTERS.has(event.key))) return;
    event.preventDefault();
    move(STEPS[event.key]);
  });
}
search.addEventListener("input", filter);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && visible()[0]) choose({ basin: BASINS[visible()[0].dataset.position].name });
  if (event.key === "Escape") {
    search.value = "";
    filter();
  }
});
order.addEventListener("change", () => {
  descending = order.value !== ""; // the largest first, but names from A on
  sort();
});
byId("direction").addEventListener("click", () => {
  descending = !descending;
  sort();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  event.preventDefault();
  search.focus();
});
TABS.forEach((tab, i) => {
  tab.addEventListener("click", () => choose({ tab: tab.getAttribute("aria-controls") }));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1 + TABS.length, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    TABS[to % TABS.length].focus();
    TABS[to % TABS.length].click();
  });
});
byId("year").addEventListener("change", (event) => choose({ year: event.target.value }));
byId("logarithmic").addEventListener("change", (event) => choose({ scale: event.target.checked ? "log" : "linear" }));
addEventListener("hashchange", show);

order.append(new Option("name", ""), ...INDEX.measures.map((measure, i) => new Option(measure, i)));
byId("map").hidden = !BASINS.some((basin) => basin.place);
sort();
filter();
if (!byId("map").hidden) byId("map").on("plotly_click", ({ points }) => {
  if (points[0].customdata !== undefined) choose({ basin: BASINS[points[0].customdata].name });
});
show();
