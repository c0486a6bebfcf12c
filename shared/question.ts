/**
 * What a question is, from the reader that finds it on a screen to the card on the phone. Owns the words and the schema;
 * the life cycle lives in the daemon, the card in the page.
 */
import * as v from 'valibot';

export const QUESTION_KINDS = ['permission', 'choice', 'multiselect', 'text', 'plan', 'trust', 'confirm', 'password', 'idle'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** Key names: `enter esc tab space up down left right backspace`, `ctrl-x` and single characters. */
export const KeySchema = v.pipe(v.string(), v.minLength(1), v.maxLength(16));

export const OptionSchema = v.strictObject({
  /** Exactly as the agent shows it; a label that the screen cuts off ends in `…`. */
  label: v.string(),
  description: v.optional(v.string()),
  /** The keys that choose this option from the state on the screen now; informative (the daemon plans and verifies the real steps). */
  keys: v.array(KeySchema),
  /** Highlighted now: what a bare Enter would choose. */
  default: v.optional(v.boolean()),
  /** Multi-select: ticked now. */
  checked: v.optional(v.boolean()),
  /** Choosing it opens a text field in the agent ("Type something"). */
  freeText: v.optional(v.boolean()),
  /** It widens rights beyond this one question ("always", "don't ask again", auto mode): wants a second tap. */
  dangerous: v.optional(v.boolean()),
  /** The row that sends a multi-select, or leaves a review page: an action, not a choice. */
  submit: v.optional(v.boolean()),
});
export type QuestionOption = v.InferOutput<typeof OptionSchema>;

/** A page of a question with tabs; `options` of the question itself are those of the page shown now. */
export const TabSchema = v.strictObject({ title: v.string(), answered: v.boolean(), current: v.boolean() });

/** One question of a set known from a hook: what the whole form asks, also the pages that are not on the screen. */
export const FormPageSchema = v.strictObject({
  title: v.string(),
  text: v.string(),
  multi: v.boolean(),
  options: v.array(v.strictObject({ label: v.string(), description: v.optional(v.string()) })),
});

export const ParsedQuestionSchema = v.strictObject({
  kind: v.picklist(QUESTION_KINDS),
  /** The dialog's own heading ("Bash command"), or '' where it has none. */
  title: v.string(),
  /** The sentence that asks ("Do you want to proceed?"). */
  text: v.string(),
  /** What it is about, whole: command, diff, plan, path. Newlines kept. '' where there is nothing. */
  detail: v.string(),
  /** What the agent says beside it: a description of the command, a warning. Not part of the identity. */
  note: v.optional(v.string()),
  /** How to show `detail`. */
  detailKind: v.optional(v.picklist(['command', 'diff', 'plan', 'text'])),
  options: v.array(OptionSchema),
  /** Index of the option that takes text, or null where text is typed at once; absent where no text is possible. */
  freeText: v.optional(v.strictObject({ option: v.nullable(v.number()), multiline: v.optional(v.boolean()) })),
  tabs: v.optional(v.array(TabSchema)),
  form: v.optional(v.array(FormPageSchema)),
  /** What Esc (or Ctrl-C) does in this dialog, in the agent's effect: "denies and interrupts the turn". */
  dismiss: v.optional(v.strictObject({ keys: v.array(KeySchema), effect: v.string() })),
  /** `hook`: text and options from the agent's own hook, standing confirmed by the screen. `screen`: read from the screen alone. */
  source: v.picklist(['hook', 'screen']),
  /** Work goes on while it waits (Codex asynchronous questions). */
  nonBlocking: v.optional(v.boolean()),
});
export type ParsedQuestion = v.InferOutput<typeof ParsedQuestionSchema>;

/** A choice by index carries the digest of the label that was displayed, so that a list that changed order is noticed. */
export const ChoiceSchema = v.variant('type', [
  v.strictObject({ type: v.literal('option'), index: v.number(), labelDigest: v.string(), text: v.optional(v.string()) }),
  v.strictObject({
    type: v.literal('options'),
    picks: v.array(v.strictObject({ index: v.number(), labelDigest: v.string() })),
    text: v.optional(v.string()),
  }),
  v.strictObject({ type: v.literal('text'), text: v.string() }),
  v.strictObject({ type: v.literal('dismiss') }),
  /** One entry per form page, by label: only for questions with `form`. */
  v.strictObject({
    type: v.literal('form'),
    pages: v.array(v.strictObject({ labels: v.array(v.string()), text: v.optional(v.string()) })),
  }),
]);
export type Choice = v.InferOutput<typeof ChoiceSchema>;
