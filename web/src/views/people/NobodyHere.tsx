import { t } from '../../text/t.ts'
import { Empty } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'

/** Somebody whom the address book does not have, or no longer. */
export function NobodyHere() {
  return (
    <Page title={t('person.gone')} back="/people">
      <Empty icon="users" title={t('person.gone')} />
    </Page>
  )
}
