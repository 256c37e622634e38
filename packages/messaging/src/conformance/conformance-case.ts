/** One thing that an implementation of a contract has to do. Any test runner can run it: it fails by throwing. */
export interface ConformanceCase {
  /** A sentence; unique within its kit. */
  readonly name: string;
  /** What `supports` must offer for it, in words; undefined when every implementation must pass. */
  readonly requires?: string;
  /** False where `supports` says that the implementation does not do this: the only reason to skip a case. */
  readonly isSupported: boolean;
  readonly run: () => Promise<void>;
}

/** A case as the kits write it down, before it is joined with an implementation. */
export interface CaseDescription<Supports, Scene> {
  readonly name: string;
  readonly requires?: { readonly what: string; readonly isMet: (supports: Supports) => boolean };
  readonly run: (scene: Scene) => Promise<void>;
}

/** Something that is set up for one case and taken down after it, however it ended. */
export interface ClosableScene {
  close(): Promise<void>;
}

/** Joins descriptions with an implementation. */
export function casesOf<Supports, Scene extends ClosableScene>(
  descriptions: readonly CaseDescription<Supports, Scene>[],
  supports: Supports,
  createScene: () => Scene,
): readonly ConformanceCase[] {
  return descriptions.map(({ name, requires, run }) => ({
    name,
    ...(requires === undefined ? {} : { requires: requires.what }),
    isSupported: requires?.isMet(supports) ?? true,
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
