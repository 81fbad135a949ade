// How the families of BERT name their parameters, and where their arithmetic differs.
import type { BertConfig } from '../job.ts';

/** The names of one encoder layer's modules, as Hugging Face checkpoints have them. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly wide: string;
  readonly narrow: string;
  readonly outputNorm: string;
}

export interface Architecture {
  /** Of the modules of the embeddings. */
  readonly embeddings: string;
  layer(index: number): LayerNames;
  /** Whether dropout follows the attention's output projection. */
  readonly dropsAttentionOutput: boolean;
  readonly maskedLanguage: { readonly dense: string; readonly norm: string; readonly bias: string };
}

function bertLayer(prefix: string): LayerNames {
  return {
    query: `${prefix}.attention.self.query`,
    key: `${prefix}.attention.self.key`,
    value: `${prefix}.attention.self.value`,
    attentionOutput: `${prefix}.attention.output.dense`,
    attentionNorm: `${prefix}.attention.output.LayerNorm`,
    wide: `${prefix}.intermediate.dense`,
    narrow: `${prefix}.output.dense`,
    outputNorm: `${prefix}.output.LayerNorm`,
  };
}

function distilbertLayer(prefix: string): LayerNames {
  return {
    query: `${prefix}.attention.q_lin`,
    key: `${prefix}.attention.k_lin`,
    value: `${prefix}.attention.v_lin`,
    attentionOutput: `${prefix}.attention.out_lin`,
    attentionNorm: `${prefix}.sa_layer_norm`,
    wide: `${prefix}.ffn.lin1`,
    narrow: `${prefix}.ffn.lin2`,
    outputNorm: `${prefix}.output_layer_norm`,
  };
}

/** BERT: arXiv 1810.04805; RoBERTa: arXiv 1907.11692; DistilBERT: arXiv 1910.01108. */
export const architectures: Readonly<Record<BertConfig['family'], Architecture>> = {
  bert: {
    embeddings: 'bert.embeddings',
    layer: (index) => bertLayer(`bert.encoder.layer.${index}`),
    dropsAttentionOutput: true,
    maskedLanguage: {
      dense: 'cls.predictions.transform.dense',
      norm: 'cls.predictions.transform.LayerNorm',
      bias: 'cls.predictions.bias',
    },
  },
  roberta: {
    embeddings: 'roberta.embeddings',
    layer: (index) => bertLayer(`roberta.encoder.layer.${index}`),
    dropsAttentionOutput: true,
    maskedLanguage: { dense: 'lm_head.dense', norm: 'lm_head.layer_norm', bias: 'lm_head.bias' },
  },
  distilbert: {
    embeddings: 'distilbert.embeddings',
    layer: (index) => distilbertLayer(`distilbert.transformer.layer.${index}`),
    dropsAttentionOutput: false,
    maskedLanguage: { dense: 'vocab_transform', norm: 'vocab_layer_norm', bias: 'vocab_projector.bias' },
  },
};
