// Loaded before the first paint: says that scripts run, and puts on the theme that was chosen here before.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const names = { light: "laurel", dark: "laureldark" };
  const wear = (choice) => {
    if (names[choice]) root.dataset.theme = names[choice];
    else delete root.dataset.theme;
  };
  let choice = null;
  try {
    choice = localStorage.getItem("theme");
  } catch {
    // storage may be closed to us: the system's theme it is
  }
  wear(choice);

  const mark = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === (choice ?? "system")));
    }
  };
  document.addEventListener("DOMContentLoaded", mark);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-choice]");
    if (!button) return;
    choice = button.dataset.themeChoice;
    wear(choice);
    mark();
    try {
      if (choice === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", choice);
    } catch {
      // then it holds for this page only
    }
  });
})();
