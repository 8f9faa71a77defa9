/** The theme in force: the trader's choice, or the system's; its tokens as CSS variables and as a record for canvases. */
import { useEffect, useMemo, useState } from 'react'
import { usePreferences } from '../screen.ts'
import { tokens, type Hex, type Palette, type Theme, type Token } from './tokens.ts'

const LIGHT_QUERY = '(prefers-color-scheme: light)'

/** Puts every token on the root element (CSSOM, no inline style text: the page's policy forbids that). */
export function applyTokens(root: HTMLElement, theme: Theme, palette: Palette): void {
  for (const [name, value] of Object.entries(tokens(theme, palette))) root.style.setProperty(`--${name}`, value)
  root.style.setProperty('color-scheme', theme)
  root.dataset['theme'] = theme
}

export function useTheme(): Theme {
  const wanted = usePreferences((p) => p.theme)
  const [system, setSystem] = useState<Theme>(() => (matchMedia(LIGHT_QUERY).matches ? 'light' : 'dark'))
  useEffect(() => {
    const query = matchMedia(LIGHT_QUERY)
    const follow = (): void => setSystem(query.matches ? 'light' : 'dark')
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [])
  return wanted === 'system' ? system : wanted
}

export function useColors(): Readonly<Record<Token, Hex>> {
  const theme = useTheme()
  const palette = usePreferences((p) => p.palette)
  return useMemo(() => tokens(theme, palette), [theme, palette])
}
