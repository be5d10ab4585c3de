// Whether a theme is dark: "auto" asks JupyterLab, then the system.

export function isDark(theme) {
  if (theme !== "auto") return theme === "dark";
  const lab = document.body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === "false";
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}
