/**
 * Which of the hooks speaks of the dialog on the screen, where more than one fits: agents ask for several things at once and show one dialog after the other, so the newest
 * hook need not be that dialog's. Pure.
 */

/** The newest that says exactly what is shown, else the newest that is more than what is shown; null where none fits. */
export function newestFitting<T>(hooks: readonly T[], fits: (hook: T, exactly: boolean) => boolean): T | null {
  return hooks.findLast((hook) => fits(hook, true)) ?? hooks.findLast((hook) => fits(hook, false)) ?? null;
}
