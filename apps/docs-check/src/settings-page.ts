/** What the page says of a setting; the rows of @ctq/core's settings table have more. */
interface SettingRow {
  readonly type: { readonly expected: string };
  readonly default: unknown;
  readonly status: 'effective' | 'accepted';
  readonly old: readonly string[];
  readonly doc: string;
}

export interface Namespace {
  readonly title: string;
  readonly settings: Readonly<Record<string, SettingRow>>;
}

export interface Refused {
  readonly reason: string;
  readonly names: readonly string[];
}

/** The page docs/reference/settings.md. */
export function settingsPage(namespaces: readonly Namespace[], refused: readonly Refused[]): string {
  const rows = namespaces.flatMap(({ settings }) => Object.values(settings));
  const effective = rows.filter(({ status }) => status === 'effective').length;
  return `# Settings

Generated from \`packages/core/src/config/table\`; do not edit. After a change there:
\`npm test -- apps/docs-check -u\`.

How they are given is in [configuration](../guides/configuration.md): to \`new Ctq(name, { … })\`, \`app.conf\`, \`app.configFromObject({ … })\`, in camelCase, in Celery's snake_case
(\`task_acks_late\`) or under Celery's old upper-case names (last column). A duration is a number of seconds or a text such
as \`'250ms'\`, \`'10s'\`, \`'5m'\`. An unknown name, a value of the wrong type, and two spellings that disagree are errors.

**now**: has its effect in this version (${effective} of ${rows.length}). **accepted**: checked and kept; giving it another value than its default logs
one warning that it has no effect yet.

${namespaces.map(section).join('\n')}
## Refused

Celery's settings that have no meaning in ctq. Giving one is an error that says what to do instead; \`null\` is accepted.

| settings | reason |
| --- | --- |
${refused.map(({ names, reason }) => `| ${names.filter(isCurrent).map(code).join(', ')} | ${cell(reason)} |`).join('\n')}
`;
}

function section({ title, settings }: Namespace): string {
  const rows = Object.entries(settings).map(
    ([name, { type, default: byDefault, status, old, doc }]) =>
      `| ${code(name)} | ${cell(type.expected)} | ${shown(byDefault)} | ${status === 'effective' ? 'now' : 'accepted'} | ${cell(doc)} | ${old.map(code).join(', ')} |`,
  );
  return `## ${title}

| setting | value | default | status | meaning | old names |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** An old name that is only the new one in upper case says nothing. */
function isCurrent(name: string): boolean {
  return name === name.toLowerCase();
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  if (value === Number.POSITIVE_INFINITY) return 'no limit';
  return code(JSON.stringify(value));
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
