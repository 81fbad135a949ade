// The families of encoders that can be trained, and how the config.json of Hugging Face names and presets their sizes.

/** MiniLM and its like are of the family `bert`. */
export type ModelFamily = 'bert' | 'distilbert' | 'roberta';

/** The fields of a config.json that hold what every family has. */
interface FieldNames {
  readonly hiddenSize: string;
  readonly layers: string;
  readonly heads: string;
  readonly intermediateSize: string;
  readonly activation: string;
}

interface FamilyTraits {
  /** What the names of its classes in transformers begin with. */
  readonly className: string;
  readonly fields: FieldNames;
  /** Taken where a config.json is silent, as transformers does. */
  readonly otherwise: {
    readonly paddingId: number;
    /** 0: the family has no token types. */
    readonly typeVocabularySize: number;
  };
  /** Whether config.json says the epsilon of LayerNorm; otherwise it is always the default. */
  readonly hasLayerNormEpsilon: boolean;
  /** Whether positions are counted from the row after the padding token's id. */
  readonly positionsFollowPadding: boolean;
}

const commonFields: FieldNames = {
  hiddenSize: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  intermediateSize: 'intermediate_size',
  activation: 'hidden_act',
};

export const modelFamilies: Readonly<Record<ModelFamily, FamilyTraits>> = {
  bert: {
    className: 'Bert',
    fields: commonFields,
    otherwise: { paddingId: 0, typeVocabularySize: 2 },
    hasLayerNormEpsilon: true,
    positionsFollowPadding: false,
  },
  distilbert: {
    className: 'DistilBert',
    fields: {
      hiddenSize: 'dim',
      layers: 'n_layers',
      heads: 'n_heads',
      intermediateSize: 'hidden_dim',
      activation: 'activation',
    },
    otherwise: { paddingId: 0, typeVocabularySize: 0 },
    hasLayerNormEpsilon: false,
    positionsFollowPadding: false,
  },
  roberta: {
    className: 'Roberta',
    fields: commonFields,
    otherwise: { paddingId: 1, typeVocabularySize: 2 },
    hasLayerNormEpsilon: true,
    positionsFollowPadding: true,
  },
};

/** Whether a `model_type` of a config.json is one of the families. */
export function isModelFamily(modelType: unknown): modelType is ModelFamily {
  return typeof modelType === 'string' && Object.hasOwn(modelFamilies, modelType);
}
