// What sits on top of the encoder for each family and task: its modules, and the forward pass through them.
import type { BertConfig, ModelHead } from '../job.ts';
import type { Tensor } from '../graph/tensor.ts';
import { architectures } from './architecture.ts';
import { dense, layerNorm, type Forward } from './forward.ts';

export interface HeadModule {
  readonly name: string;
  readonly kind: 'dense' | 'norm' | 'bias';
  /** Of a dense module or a bias. */
  readonly outputs: number;
}

/** The dense module between the encoder and the classifier of sequences. */
const summaries = { bert: 'bert.pooler.dense', roberta: 'classifier.dense', distilbert: 'pre_classifier' };
const classifiers = { bert: 'classifier', roberta: 'classifier.out_proj', distilbert: 'classifier' };

/** The modules of a head, in the order in which states list them. */
export function headModules(config: BertConfig, { task, labelCount }: ModelHead): HeadModule[] {
  const { family, hiddenSize, vocabularySize } = config;
  if (task === 'tokenClassification') return [{ name: 'classifier', kind: 'dense', outputs: labelCount }];
  if (task === 'maskedLanguage') {
    const { dense: transform, norm, bias } = architectures[family].maskedLanguage;
    return [
      { name: transform, kind: 'dense', outputs: hiddenSize },
      { name: norm, kind: 'norm', outputs: hiddenSize },
      { name: bias, kind: 'bias', outputs: vocabularySize },
    ];
  }
  return [
    { name: summaries[family], kind: 'dense', outputs: hiddenSize },
    { name: classifiers[family], kind: 'dense', outputs: labelCount },
  ];
}

/**
 * The logits over an encoder's output.
 * @param hidden what the encoder gives: [picks, hidden]; [rows * width, hidden] for token classification.
 * @returns [examples, labels]; [rows * width, labels] for token classification; [picks, vocabulary] for masked language
 */
export function headLogits(forward: Forward, hidden: Tensor): Tensor {
  const { build, config, head, dropout } = forward;
  const { family } = config;
  if (head.task === 'tokenClassification') return dense(forward, 'classifier', dropout(hidden));
  if (head.task === 'maskedLanguage') {
    const names = architectures[family].maskedLanguage;
    const wide = build.one('gelu', [dense(forward, names.dense, hidden)], {});
    const normed = layerNorm(forward, names.norm, wide);
    const scores = build.matmul(normed, forward.wordTable(), { transposeB: true });
    return build.add(scores, forward.parameter(names.bias));
  }
  // RoBERTa drops before the first module of the head too.
  const summary = dense(forward, summaries[family], family === 'roberta' ? dropout(hidden) : hidden);
  const active = build.one(family === 'distilbert' ? 'relu' : 'tanh', [summary], {});
  return dense(forward, classifiers[family], dropout(active));
}
