"use strict";
(() => {
  const form = document.querySelector(".search");
  const input = document.getElementById("search");
  const result = form.querySelector("output");
  const scope = document.getElementById("resources");
  const resources = [...scope.querySelectorAll(".resource")].map((element) => ({
    element,
    text: element.querySelector("summary").textContent.toLowerCase(),
  }));
  const tiers = [...scope.querySelectorAll(".tier")];

  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, text } of resources) {
      element.hidden = !words.every((word) => text.includes(word));
      shown += element.hidden ? 0 : 1;
    }
    for (const tier of tiers) tier.hidden = !tier.querySelector(".resource:not([hidden])");
    result.textContent = words.length ? `${shown} of ${resources.length}` : "";
  };

  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      input.value = "";
      search();
    }
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    target.scrollIntoView({ block: target.classList.contains("box") ? "nearest" : "start" });
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", search);
  addEventListener("hashchange", arrive);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && location.hash.startsWith("#box-")) location.hash = "#picture";
  });
  if (location.hash) arrive();
})();
