import { chosenProject } from '../project.ts';

/** Says of a list that the project in the top bar does not narrow it. */
export function AllProjects() {
  if (chosenProject() === null) return null;
  return <span className="quiet">of all projects</span>;
}

/** Says of the ledger what is not in it while a project is chosen. */
export function OfChosenProject() {
  if (chosenProject() === null) return null;
  return <span className="quiet">of the chosen project; entries without a project are left out</span>;
}
