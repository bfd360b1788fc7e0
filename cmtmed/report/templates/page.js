// Language, theme, charts and tooltips. Text enters the page through textContent only.
"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");
  const preferences = {
    language: readPreference("language", ["en", "zh"]) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"),
    theme: readPreference("theme", ["light", "dark"]) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
  };
  const languageListeners = [];
  const views = new Map();
  let lastDrawing = 0;
  let tipAnchor;
  let drawingQueue = Promise.resolve();

  // Browsers may deny storage to a page that was opened from disk.
  function readPreference(name, values) {
    try {
      return values.find((value) => value === localStorage.getItem(`cmtmed.${name}`));
    } catch {
      return undefined;
    }
  }

  function storePreferences(changes) {
    try {
      for (const [name, value] of Object.entries(changes)) localStorage.setItem(`cmtmed.${name}`, value);
    } catch {
      // The preference is lost when the page is closed.
    }
  }

  function translate(key, values = {}) {
    const text = data.dictionary[preferences.language].texts[key];
    return text.replace(/\{(\w+)\}/g, (placeholder, name) => (Object.hasOwn(values, name) ? values[name] : placeholder));
  }

  // The label of a name in the data, such as a stage or a drop reason; an unknown name is its own label.
  function getLabel(category, name) {
    const labels = data.dictionary[preferences.language].labels;
    if (Object.hasOwn(labels[category], name)) return labels[category][name];
    const [before, after] = category === "reason" ? name.split(/:(.*)/s) : [name];
    if (preferences.language === "zh" && after !== undefined) {
      if (before === "identifier") return "含标识符：" + getLabel("identifier", after);
      if (before === "overlap") return "与测试集重叠：" + after;
    }
    return name;
  }

  function createElement(tagName, text, className) {
    const element = document.createElement(tagName);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  // The anchor is a pointer event or an element. A tooltip of the pointer stays where it appeared; that of an element,
  // which has the keyboard focus, moves with the element.
  function showTip(content, anchor) {
    tip.replaceChildren(content);
    tip.hidden = false;
    tipAnchor = { anchor, x: scrollX, y: scrollY };
    placeTip();
  }

  function placeTip() {
    const { anchor } = tipAnchor;
    const box = anchor instanceof Element ? anchor.getBoundingClientRect() : undefined;
    const [x, y] = box ? [box.left, box.bottom] : [anchor.clientX, anchor.clientY];
    tip.style.left = "0";
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 16 + height > innerHeight ? Math.max(8, y - height - 12) : y + 16}px`;
  }

  // Scrolling to an anchor fires its event after the tooltip of that anchor is shown, so only later scrolling hides it.
  function handleScroll() {
    if (tip.hidden) return;
    if (tipAnchor.anchor instanceof Element) placeTip();
    else if (tipAnchor.x !== scrollX || tipAnchor.y !== scrollY) hideTip();
  }

  function hideTip() {
    tip.hidden = true;
  }

  // The tooltip of a focused element stays, wherever the pointer is.
  function hidePointerTip() {
    if (!tip.hidden && !(tipAnchor.anchor instanceof Element)) hideTip();
  }

  function showChartTip(handler, event, item, values) {
    if (values === null || values === undefined || values === "") return hidePointerTip();
    const list = createElement("dl");
    for (const [name, value] of Object.entries(values)) {
      list.append(createElement("dt", name), createElement("dd"));
      list.lastChild.append(createElement("bdi", String(value)));
    }
    showTip(list, event);
  }

  // Drawings run one after the other: two at a time would both leave their charts in the same containers.
  function draw() {
    const drawing = ++lastDrawing;
    delete root.dataset.drawn;
    drawingQueue = drawingQueue.then(() => drawCharts(drawing));
  }

  async function drawCharts(drawing) {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (drawing !== lastDrawing) return;
      views.get(element)?.finalize();
      views.delete(element);
      const specification = structuredClone(data.charts[preferences.language][element.dataset.chart]);
      element.setAttribute("aria-label", specification.description);
      try {
        const view = await vegaEmbed(element, specification, {
          mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip: showChartTip,
          config: data.themes[preferences.theme],
        });
        views.set(element, view);
        element.dataset.theme = preferences.theme;
      } catch {
        element.replaceChildren(createElement("p", translate("not_drawn"), "quiet"));
      }
    }
    if (drawing !== lastDrawing) return;
    performance.mark("drawn");
    root.dataset.drawn = `${preferences.language} ${preferences.theme}`;
  }

  function applyPreferences() {
    root.lang = preferences.language === "zh" ? "zh-Hans" : "en";
    root.dataset.lang = preferences.language;
    root.dataset.theme = preferences.theme;
    document.getElementById("language").textContent = translate("language");
    document.getElementById("theme").textContent = translate(preferences.theme === "dark" ? "light" : "dark");
    for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", translate(element.dataset.label));
    for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = translate(element.dataset.hint);
  }

  function changePreferences(changes) {
    Object.assign(preferences, changes);
    storePreferences(changes);
    hideTip();
    applyPreferences();
    if (changes.language) for (const listener of languageListeners) listener();
    draw();
  }

  document.getElementById("language").addEventListener("click", () => changePreferences({ language: preferences.language === "zh" ? "en" : "zh" }));
  document.getElementById("theme").addEventListener("click", () => changePreferences({ theme: preferences.theme === "dark" ? "light" : "dark" }));
  // Vega shows tooltips on pointer movements, but a tap moves nothing. The listener is on each chart because Safari on a
  // phone sends taps outside links and buttons to elements with a listener only, not to the document.
  for (const element of document.querySelectorAll("[data-chart]")) {
    element.addEventListener("click", (event) => event.target.dispatchEvent(new PointerEvent("pointermove", event)));
  }
  // Print in the light theme.
  let themeBeforePrint;
  addEventListener("beforeprint", () => {
    if (preferences.theme === "light") return;
    themeBeforePrint = preferences.theme;
    preferences.theme = "light";
    applyPreferences();
    draw();
  });
  addEventListener("afterprint", () => {
    if (!themeBeforePrint) return;
    preferences.theme = themeBeforePrint;
    themeBeforePrint = undefined;
    applyPreferences();
    draw();
  });
  addEventListener("scroll", handleScroll, { passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
  window.cmtmed = {
    data, translate, getLabel, createElement, showTip, hidePointerTip, hideTip,
    onLanguageChange: (listener) => languageListeners.push(listener),
  };
  root.dataset.script = "";
  applyPreferences();
  addEventListener("DOMContentLoaded", draw);
})();
