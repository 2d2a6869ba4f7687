// Light or dark: the system's choice until the user makes one.
import { byId } from './dom.mjs';
import { readPreference, writePreference } from './preferences.mjs';

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

const currentTheme = () => readPreference('theme') ?? (systemIsDark.matches ? 'dark' : 'light');

function applyTheme() {
  document.documentElement.dataset.theme = currentTheme();
}

export function startTheme() {
  applyTheme();
  systemIsDark.addEventListener('change', applyTheme);
  byId('theme').addEventListener('click', () => {
    writePreference('theme', currentTheme() === 'dark' ? 'light' : 'dark');
    document.documentElement.dataset.theme = currentTheme();
  });
}
