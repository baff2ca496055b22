/** The smallest parts. They have no state of their own. */

import type { ComponentChildren, JSX } from 'preact'

import type { ApiError } from '../api/errors.ts'
import { go } from '../router.ts'
import { maybe, t } from '../text/t.ts'
import type { IconName } from './icons.ts'

/** A picture beside words; where it stands alone, its button has a label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" aria-hidden="true" focusable="false">
      <use href={`/icons.svg#${name}`} />
    </svg>
  )
}

type ButtonProps = Omit<JSX.IntrinsicElements['button'], 'icon' | 'label'> & {
  readonly kind?: 'main' | 'plain' | 'quiet' | 'bad'
  readonly icon?: IconName
  /** What it does, where it shows an icon alone. */
  readonly label?: string
}

export function Button({ kind = 'plain', icon, label, children, class: more, ...rest }: ButtonProps) {
  const alone = icon && !children ? 'alone' : ''
  return (
    <button type="button" {...rest} class={`button ${kind} ${alone} ${more ?? ''}`} aria-label={label} title={label}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

interface LinkProps {
  readonly to: string
  readonly children: ComponentChildren
  readonly class?: string
  readonly title?: string
  readonly 'aria-label'?: string
  readonly 'aria-current'?: 'page' | undefined
}

/** A link inside the page; with a modifier the browser opens it as it does any link. */
export function Link({ to, children, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
        event.preventDefault()
        go(to)
      }}
    >
      {children}
    </a>
  )
}

/** A name that somebody gave themselves: its direction stays its own. */
export const Name = ({ of }: { readonly of: string }) => <bdi class="name">{plain(of)}</bdi>

/** Signs of trust stand outside of names; those inside are taken out, so that nobody can draw their own. */
export const plain = (name: string): string =>
  name.replaceAll(/[\u2611\u2705\u2713\u2714\u{1F5F8}\u{1F6E1}\u{1F512}\u{1F510}\u25C8\u200B-\u200F\u202A-\u202E\u2066-\u2069]\uFE0F?/gu, '').trim() || '…'

/** The first letter of a name, on the colour of a network. */
export function Avatar({ name, network }: { readonly name: string; readonly network: string }) {
  const letter = [...plain(name)].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? '·'
  return (
    <span class="avatar" data-network={network} aria-hidden="true">
      {letter.toLocaleUpperCase()}
    </span>
  )
}

export function Badge({ kind = 'plain', children }: { readonly kind?: string; readonly children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>
}

interface FieldProps {
  readonly label: string
  readonly help?: string | undefined
  readonly problem?: string | undefined
  readonly name: string
  readonly value: string
  readonly onText: (text: string) => void
  readonly type?: 'text' | 'password' | 'url' | 'email'
  readonly class?: string
  readonly autocomplete?: string
  /** No capitals, no corrections: it is a word of a list, a link or an address. */
  readonly exact?: boolean
  readonly maxLength?: number
  readonly required?: boolean
  readonly readOnly?: boolean
  /** What is pasted may have several lines, which stay; Enter goes on all the same. */
  readonly lines?: boolean
}

/** A line to fill in, its label above it. */
export function Field(props: FieldProps) {
  const { label, help, problem, name, exact, lines, onText, ...rest } = props
  const described = [help && `${name}-help`, problem && `${name}-problem`].filter(Boolean).join(' ')
  const shared = {
    ...rest,
    // Browsers take `autocorrect` as a boolean, for which the text `off` would be true.
    ...(exact ? { autocapitalize: 'none', autocorrect: false as unknown as string, spellcheck: false } : {}),
    ...(described ? { 'aria-describedby': described } : {}),
    ...(problem ? { 'aria-invalid': true } : {}),
  }
  const { type: _, ...area } = shared
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {help && (
        <p class="help" id={`${name}-help`}>
          {help}
        </p>
      )}
      {lines ? (
        <textarea
          {...(area as JSX.IntrinsicElements['textarea'])}
          class="one-line"
          rows={1}
          id={name}
          name={name}
          onInput={(event) => onText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            event.currentTarget.form?.requestSubmit()
          }}
        />
      ) : (
        <input {...({ type: 'text', ...shared } as JSX.IntrinsicElements['input'])} id={name} name={name} onInput={(event) => onText(event.currentTarget.value)} />
      )}
      {problem && (
        <p class="problem" id={`${name}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}

/** A choice between few things, all of them to be seen. */
export function Choice<T extends string>(props: {
  readonly label: string
  readonly name: string
  readonly value: T
  readonly options: readonly (readonly [T, string])[]
  readonly onChoice: (value: T) => void
}) {
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      <div class="options">
        {props.options.map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name={props.name}
              checked={value === props.value}
              onChange={() => props.onChoice(value)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

export function Toggle(props: {
  readonly label: string
  readonly help?: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <label class="toggle">
      <input type="checkbox" checked={props.on} onChange={(event) => props.onChange(event.currentTarget.checked)} />
      <span>
        {props.label}
        {props.help && <small>{props.help}</small>}
      </span>
    </label>
  )
}

/** Nothing is there yet: what that means, and what to do next. */
export function Empty(props: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}) {
  return (
    <div class="empty">
      <Icon name={props.icon} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  )
}

/** What a problem means: our text for its code, else the node's own words with its hint. */
export function explain(problem: ApiError): { readonly title: string; readonly hint: string } {
  const ours = maybe(`error.${problem.code}`, { seconds: problem.retryAfter })
  if (ours !== undefined) return { title: ours, hint: '' }
  // A command of the terminal is no way out of a page.
  const hint = /`(swarmnode|--)/.test(problem.hint) ? '' : problem.hint
  return { title: asSentence(problem.message), hint: asSentence(hint) }
}

/** With a capital at its beginning, and an end. */
const asSentence = (text: string): string =>
  text && text[0]?.toLocaleUpperCase() + text.slice(1) + (/[.?!…]$/.test(text) ? '' : '.')

/** What happened, what it means, what can be done. */
export function ErrorNote({ problem, onRetry }: { readonly problem: ApiError; readonly onRetry?: () => void }) {
  const { title, hint } = explain(problem)
  return (
    <div class="note bad" role="alert">
      <Icon name="circle-alert" />
      <div>
        <p>{title}</p>
        {hint && <p class="help">{hint}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>{t('retry')}</Button>}
    </div>
  )
}

/** Rows that stand for what is on its way; not drawn in the first moments. */
export function Waiting({ label, rows = 6 }: { readonly label: string; readonly rows?: number }) {
  return (
    <div class="waiting" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} />
      ))}
    </div>
  )
}
