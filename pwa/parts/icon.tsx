/** The few line icons of the page, and the mark. Decorative: the words beside them carry the meaning. */

const PATHS = {
  inbox: 'M4 13l2.4-7A2 2 0 0 1 8.3 4.6h7.4A2 2 0 0 1 17.6 6L20 13v4.4a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 13h4.5l1.4 2.6h4.2l1.4-2.6H20',
  jobs: 'M5 5h14M5 12h14M5 19h9M3 5h.01M3 12h.01M3 19h.01',
  devices:
    'M3 6.5A1.5 1.5 0 0 1 4.5 5h11A1.5 1.5 0 0 1 17 6.5V8M3 6.5V15h8M2 18h9M15 9.5h5a1.5 1.5 0 0 1 1.5 1.5v7.5A1.5 1.5 0 0 1 20 20h-5a1.5 1.5 0 0 1-1.5-1.5V11A1.5 1.5 0 0 1 15 9.5z',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  plus: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M5 12h14M13 6l6 6-6 6',
  stop: 'M7 7h10v10H7z',
  play: 'M8 5.5v13l10.5-6.5z',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  warn: 'M12 4.5L21 19.5H3zM12 10v4.5M12 17v.01',
  clock: 'M12 7.5V12l3 2M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  edit: 'M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM14 6.5l3.5 3.5',
  laptop: 'M5 5.5h14v10H5zM2.5 19h19',
  phone: 'M8 3.5h8v17H8zM11 18h2',
  keyboard: 'M3 7h18v10H3zM6.5 10h.01M10 10h.01M14 10h.01M17.5 10h.01M8 14h8',
  refresh: 'M19 8a8 8 0 1 0 1 6M19 3.5V8h-4.5',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, small = false }: { name: IconName; small?: boolean }) {
  return (
    <svg class={small ? 'icon small' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="80 64 352 384" aria-hidden="true">
      <path
        class="m-body"
        d="M96 120a40 40 0 0 1 40-40h92c14 0 27 7 34 19l19 31c4 6 10 10 17 10h78a40 40 0 0 1 40 40v212a40 40 0 0 1-40 40H136a40 40 0 0 1-40-40z"
      />
      <g class="m-claw">
        <path d="M184 216c-6 52 4 104 30 148" />
        <path d="M258 204c-8 56 2 112 30 160" />
        <path d="M332 216c-6 52 4 104 30 148" />
      </g>
    </svg>
  );
}
