/** Strings that want to be more than text, for tests of this room and of the whole product. Not part of the product. */

/** Markup, addresses and templates that would run something. */
export const SEEDS = [
  '<script>globalThis.pwned=1</script>',
  '<img src=x onerror="globalThis.pwned=1">',
  '<svg onload=globalThis.pwned=1>',
  '<svg><script>globalThis.pwned=1</script></svg>',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<a href="javascript:globalThis.pwned=1">x</a>',
  '<form action="javascript:globalThis.pwned=1"><button>x</button></form>',
  '<math><mi xlink:href="javascript:globalThis.pwned=1">x</mi></math>',
  '<style>@import "//evil.example/x.css";</style>',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<base href=//evil.example>',
  '<object data="data:text/html,<script>1</script>"></object>',
  '<embed src="javascript:1">',
  '<details open ontoggle=globalThis.pwned=1>',
  '<input autofocus onfocus=globalThis.pwned=1>',
  '<template><script>globalThis.pwned=1</script></template>',
  '"><script>globalThis.pwned=1</script>',
  "' onmouseover='globalThis.pwned=1",
  '`$\u007bglobalThis.pwned=1}`',
  '{{constructor.constructor("globalThis.pwned=1")()}}',
  '</textarea><script>globalThis.pwned=1</script>',
  '</title><script>globalThis.pwned=1</script>',
  '<!--><script>globalThis.pwned=1</script>-->',
  '<![CDATA[<script>globalThis.pwned=1</script>]]>',
  '&lt;script&gt;globalThis.pwned=1&lt;/script&gt;',
  '&#60;script&#62;globalThis.pwned=1',
  'javascript:globalThis.pwned=1',
  'https://example.com/"onmouseover="globalThis.pwned=1',
  'https://example.com/<script>',
] as const;
/** Places in which text is treated in a way of its own, and characters that hide or turn it. */
export const WRAPS: readonly ((seed: string) => string)[] = [
  (s) => s,
  (s) => s.toUpperCase(),
  (s) => `\`${s}\``,
  (s) => `**${s}**`,
  (s) => `# ${s}`,
  (s) => `- ${s}\n1. ${s}`,
  (s) => `\`\`\`\n${s}\n\`\`\``,
  (s) => `+ ${s}\n- ${s}`,
  (s) => `\u202e${s}\u200b`,
  (s) => `\x1b]8;;${s}\x07${s}\x1b]8;;\x07`,
];
/** Three hundred. */
export const PAYLOADS: readonly string[] = SEEDS.flatMap((seed) => WRAPS.map((wrap) => wrap(seed)));
