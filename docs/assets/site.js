// What scrolls sideways can be reached and scrolled by the keyboard.
const scrolling = ".md-typeset__scrollwrap, .zoo-html, .zoo-drawing, .zoo-output code, .md-typeset pre > code";

function makeReachable() {
  for (const element of document.querySelectorAll(scrolling)) {
    const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight + 1;
    if (scrolls) element.setAttribute("tabindex", "0");
    else if (element.getAttribute("tabindex") === "0") element.removeAttribute("tabindex");
  }
}

// The theme gives its dialog no name.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

addEventListener("load", makeReachable);
addEventListener("resize", makeReachable);
document.addEventListener("toggle", makeReachable, true);
