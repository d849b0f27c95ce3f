// The views of an inspection, in the order in which they stand. Each says whether it applies to what was found.

import { alignment } from "./view_alignment.js";
import { attention } from "./view_attention.js";
import { beam } from "./view_beam.js";
import { pictureView } from "./view_picture.js";
import { steps } from "./view_steps.js";

export const views = {
  picture: { make: pictureView, applies: (found, seen) => seen?.kind === "image" && Boolean(found.importance) },
  alignment: { make: alignment, applies: (found, seen) => found.alignment.length > 0 && Boolean(seen?.pixels) },
  steps: { make: steps, applies: (found) => found.layers.length > 0 || found.outputs?.steps.length > 1 },
  attention: { make: attention, applies: (found) => found.attention.length > 0 },
  beam: { make: beam, applies: (found) => found.beam.length > 1 },
};
