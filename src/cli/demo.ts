// `npm run demo`: starts the whole stack, trains a small BERT model over HTTP, kills its worker half-way, and shows
// that training goes on from the last checkpoint and ends with an evaluated model.
