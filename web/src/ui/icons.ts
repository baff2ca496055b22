/** The icons that are drawn, by their names in Lucide; the build copies these into one file. */
export const ICONS = [
  'arrow-down', 'arrow-left', 'arrow-up', 'bell-off', 'bookmark', 'contact-round', 'image-off', 'image-plus', 'merge', 'newspaper', 'repeat-2',
  'pause', 'play', 'search', 'split', 'square-pen', 'star', 'check', 'check-check', 'circle-alert', 'clock', 'copy', 'ellipsis', 'eye', 'globe',
  'heart-pulse', 'inbox', 'lock', 'network', 'pencil', 'plus', 'refresh-cw', 'reply', 'send', 'server', 'settings',
  'shield-check', 'smile-plus', 'trash-2', 'undo-2', 'user-plus', 'users', 'wifi-off', 'x',
  'download', 'forward', 'monitor-smartphone', 'paperclip', 'scan-line',
] as const

export type IconName = (typeof ICONS)[number]
