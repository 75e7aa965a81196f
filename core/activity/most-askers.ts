/** Of people and keys so many are told apart in metrics, the dearest; what is left of the total is the others'. */
export const most_askers = 50;
