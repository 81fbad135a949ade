// One small configuration of each family of models, for what estimates say of all of them.
import type { BertConfig } from '../../src/training/job.ts';

/** Sizes of the encoder that do not depend on its family. */
type Sizes = Pick<BertConfig, 'hiddenSize' | 'layers' | 'heads' | 'intermediateSize'>;

export function familiesOf(sizes: Sizes): readonly BertConfig[] {
  const common = {
    ...sizes,
    vocabularySize: 300,
    maxPositions: 40,
    layerNormEpsilon: 1e-12,
    initializerRange: 0.02,
  };
  return [
    { ...common, family: 'bert', positionOffset: 0, typeVocabularySize: 2 },
    { ...common, family: 'distilbert', positionOffset: 0, typeVocabularySize: 0 },
    { ...common, family: 'roberta', positionOffset: 2, typeVocabularySize: 1 },
  ];
}
