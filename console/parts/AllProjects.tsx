import { chosenProject } from '../project.ts';

/** Says of a list that the project in the top bar does not narrow it. */
export function AllProjects() {
  if (chosenProject() === null) return null;
  return <span className="quiet">of all projects</span>;
}
