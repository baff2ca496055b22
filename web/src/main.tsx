import './style/tokens.css'
import './style/base.css'
import './style/ui.css'
import './style/shell.css'
import './style/files.css'

import { render } from 'preact'

import { App } from './app.tsx'
import { refresh } from './state/session.ts'
import { startSettings } from './state/settings.ts'
import { startWorker } from './worker.ts'

// The language and the theme are there before anything is drawn.
await startSettings()
const root = document.querySelector('#app')
if (root) render(<App />, root)
await refresh()
await startWorker()
