/** One thing that an implementation of a contract has to do. Any test runner can run it: it fails by throwing. */
export interface ConformanceCase {
  /** A sentence; unique within its kit. */
  readonly name: string;
  /** What the implementation must offer for it, in words; undefined when every implementation must pass. */
  readonly requires?: string;
  /** False where the implementation does not offer that: the only reason to skip a case. */
  readonly isSupported: boolean;
  readonly run: () => Promise<void>;
}

/** A case as the kits write it down, before it is joined with an implementation. */
export interface CaseDescription<Subject, Scene> {
  readonly name: string;
  readonly requires?: Requirement<Subject>;
  readonly run: (scene: Scene) => Promise<void>;
}

export interface Requirement<Subject> {
  readonly what: string;
  isMet(subject: Subject): boolean;
}

/** Something that is set up for one case and taken down after it, however it ended. */
export interface ClosableScene {
  close(): Promise<void>;
}

/** Joins descriptions with an implementation, of which `subject` is one. */
export function casesOf<Subject, Scene extends ClosableScene>(
  descriptions: readonly CaseDescription<Subject, Scene>[],
  subject: Subject,
  createScene: () => Scene,
): readonly ConformanceCase[] {
  return descriptions.map(({ name, requires, run }) => ({
    name,
    ...(requires === undefined ? {} : { requires: requires.what }),
    isSupported: requires?.isMet(subject) ?? true,
    run: async () => {
      const scene = createScene();
      try {
        await run(scene);
      } finally {
        await scene.close();
      }
    },
  }));
}
