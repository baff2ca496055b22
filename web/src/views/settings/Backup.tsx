/** A backup to keep elsewhere, and everything readable for other programs. */

import { saveFile } from '../../state/health.ts'
import { status } from '../../state/session.ts'
import { dayTime, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'

export function Backup({ onSaved }: { readonly onSaved?: () => Promise<void> }) {
  const { busy, problem, run } = useDoing()
  const at = status.value?.backup_at ?? 0
  const save = (what: 'backups' | 'exports'): void => {
    void run(async () => {
      await saveFile(what)
      if (what === 'exports') return
      note(t('backup.saved'))
      await onSaved?.()
    })
  }
  return (
    <>
      <p>{t('backup.text')}</p>
      <p class="help">{t('backup.holds')}</p>
      <p class="help">{t('backup.not')}</p>
      <p role="status" class={at ? 'muted' : 'warn'}>
        {at ? t('backup.last', { at: dayTime(at) }) : t('backup.never')}
      </p>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button kind="main" icon="download" disabled={busy.value} onClick={() => save('backups')}>
          {busy.value ? t('backup.doing') : t('backup.do')}
        </Button>
        <Button icon="download" disabled={busy.value} onClick={() => save('exports')}>
          {t('export.do')}
        </Button>
      </div>
      <p class="help">{t('export.help')}</p>
    </>
  )
}
