// Generated from openapi.json by npm run openapi. Do not edit.
export interface paths {
    "/experiments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List experiments */
        get: operations["listExperiments"];
        put?: never;
        /**
         * Submit an experiment
         * @description A body over 2 MiB, or inline rows over 1 MiB, are refused: 413. Larger data is uploaded first.
         */
        post: operations["createExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/estimate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Estimate what an experiment would take
         * @description Takes what a submission is, refuses what a submission is refused for, and stores nothing. Texts are sampled. Time is told from what workers have trained before.
         */
        post: operations["estimateExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read an experiment, or wait for its next change */
        get: operations["getExperiment"];
        put?: never;
        post?: never;
        /** Delete an experiment that has ended, with its checkpoints and results */
        delete: operations["deleteExperiment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for the end of an experiment
         * @description Training keeps its last steps in a checkpoint, whose model can be downloaded.
         */
        post: operations["cancelExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a pause of the training
         * @description Training stops with a checkpoint after the steps that are being computed, and its worker is free. Asked for before training, it takes effect before the first step. It can be resumed at any later time.
         */
        post: operations["pauseExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on after a pause
         * @description Training goes on from its last step. A pause that has not taken effect yet ends at once.
         */
        post: operations["resumeExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on from a step of an experiment, with other settings
         * @description From any step that was trained: at once where its checkpoint is kept, else the steps since the checkpoint before it are computed again and held against the ledger. Without changes the fork ends in the same bytes. Its ledger and curves hold the steps that it took over.
         */
        post: operations["forkExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/datasets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a dataset */
        get: operations["getDataset"];
        put?: never;
        post?: never;
        /** Delete a dataset; experiments that have ended keep their snapshot of it */
        delete: operations["deleteDataset"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a model */
        get: operations["getModel"];
        put?: never;
        post?: never;
        /** Delete a model; experiments that have ended keep what they made of it */
        delete: operations["deleteModel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follow an experiment until it ends */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Curves over the steps, thinned to maxPoints */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List checkpoints, newest first */
        get: operations["listCheckpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the attempts at training, oldest first */
        get: operations["listAttempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/evaluation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The whole evaluation report */
        get: operations["getEvaluation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Temporal’s history of the experiment, stored at its end */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every optimizer step that counted, in order */
        get: operations["getLedger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the result follows from, by hash
         * @description Of the checkpoint that is the result: the last one, or with early stopping the best. Two experiments of the same proof, their ids and checkpoints aside, have the same weights because they did the same. The bundle holds snapshot, checkpoints, ledger and specification; `npm run verify -- proof.tar` checks it without the service.
         */
        get: operations["getProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compute steps again and hold them against the ledger
         * @description From the checkpoint before the span, or from the start where none is kept, on a training worker. The whole snapshot, the ledger’s running hash at each checkpoint, and each checkpoint within the span are checked too.
         */
        post: operations["verifyExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/verifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List verifications, newest first */
        get: operations["listVerifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/verifications/{verificationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a verification found */
        get: operations["getVerification"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/evaluation/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The prediction of every evaluated row; the worst first with sort=-loss */
        get: operations["listEvaluationRows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/model": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download the trained model: of a running experiment, that of its latest checkpoint */
        get: operations["downloadModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/checkpoints/{step}/model": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download the model of one checkpoint */
        get: operations["downloadCheckpointModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Predict with the trained model: of a running experiment, that of its latest checkpoint
         * @description Texts are cut as in training. Request and answer may have 1 MiB each: 413. Where no worker answers within 60 s: 503.
         */
        post: operations["predict"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay the recorded history of the experiment against today’s workflow code
         * @description Of an experiment that has ended, the history stored at its end; before, what is recorded up to now. The coordinator and all its training and evaluation workflows. Where no worker answers within 60 s: 503.
         */
        post: operations["auditExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/experiments/{id}/waste": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the time of the experiment went, and what caused what brought nothing */
        get: operations["getExperimentWaste"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/waste": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The time of all experiments that was not spent in steps that counted, by day and cause */
        get: operations["getWaste"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List datasets, newest first */
        get: operations["listDatasets"];
        put?: never;
        /**
         * Upload a dataset: one file a split (.csv, .tsv, .jsonl, .parquet)
         * @description The field’s name is the split’s. The same content again is the same dataset: 200. A form with more than 100 files, or with more bytes than the operator allows, is refused: 413.
         */
        post: operations["uploadDataset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List models, newest first */
        get: operations["listModels"];
        put?: never;
        /**
         * Upload a BERT model: config.json, tokenizer.json or vocab.txt, and model.safetensors
         * @description Files are told apart by their names; others are ignored and listed. The same content again: 200. A form with more than 100 files, or with more bytes than the operator allows, is refused: 413.
         */
        post: operations["uploadModel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether work is accepted, with the state of each dependency
         * @description Without Temporal work is still accepted: the status is degraded then, and the answer 200. It is degraded too while a coordinator worker does not poll because its code would break running workflows.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Each task queue with its backlog and workers */
        get: operations["listQueues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 9457, with a code that does not change. */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance: string;
            /** @enum {string} */
            code: "invalid_request" | "forbidden_host" | "forbidden_origin" | "not_found" | "transition_not_allowed" | "in_use" | "not_exported" | "no_checkpoint" | "too_many_verifications" | "step_not_trained" | "fork_not_possible" | "not_ready" | "payload_too_large" | "unsupported_media_type" | "range_not_satisfiable" | "idempotency_key_reused" | "not_supported" | "does_not_fit" | "dataset_invalid" | "dataset_split_missing" | "dataset_column_missing" | "dataset_split_empty" | "labels_invalid" | "model_invalid" | "model_incompatible" | "hub_not_found" | "sequence_too_long" | "training_diverged" | "divergence" | "no_progress" | "duration_exceeded" | "workflow_terminated" | "row_behind" | "lease_lost" | "blob_missing" | "blob_corrupt" | "engine_failed" | "out_of_memory" | "data_directory_in_use" | "configuration_invalid" | "dependency_missing" | "database_unavailable" | "storage_unavailable" | "too_many_uploads" | "hub_unavailable" | "temporal_unavailable" | "prediction_unavailable" | "audit_unavailable" | "internal";
            requestId: string;
            errors?: {
                /** @description JSON pointer. */
                path: string;
                message: string;
            }[];
        };
        Experiment: {
            id: string;
            name: string;
            tags: string[];
            /** @enum {string} */
            state: "queued" | "preparing" | "training" | "paused" | "evaluating" | "succeeded" | "failed" | "cancelled";
            requestedAction: ("pause" | "resume" | "cancel") | null;
            waitingFor: {
                /** @enum {string} */
                kind: "worker" | "temporal";
                queue: string;
            } | null;
            progress: {
                step: number;
                totalSteps: number;
                epoch: number;
                loss: number | null;
                learningRate: number | null;
                tokensPerSecond: number | null;
                etaSeconds: number | null;
                /** @description Training is over. With an early stop that may be before totalSteps, which is what was planned. */
                complete: boolean;
            } | null;
            snapshot: {
                id: string;
                sha256: string;
                rows: {
                    train: number;
                    evaluation: number;
                    leftOut: number;
                };
                labels: string[];
                tokens: number;
            } | null;
            latestCheckpoint: {
                step: number;
                id: string;
                sizeBytes: number;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC.
                 */
                createdAt: string;
            } | null;
            /** @description Attempts at training. */
            attempts: number;
            forkedFrom: {
                experimentId: string;
                step: number;
            } | null;
            error: {
                code: string;
                message: string;
            } | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            createdAt: string;
            startedAt: string | null;
            finishedAt: string | null;
            /** @description Counts every change; the ETag. */
            version: number;
            /** @description The submission with every default filled in. */
            spec: {
                name: string;
                tags: string[];
                /** @description Exactly one of id, hub, scratch, experiment. */
                model: {
                    /** @description An uploaded model. */
                    id?: string;
                    /** @description org/name on the Hugging Face hub. */
                    hub?: string;
                    revision?: string | null;
                    scratch?: {
                        /** @description Transformer layers. */
                        layers: number;
                        /** @description Divisible by heads. */
                        hiddenSize: number;
                        /** @description Attention heads. */
                        heads: number;
                        /** @description Width of the feed-forward layers. */
                        intermediateSize: number;
                        /** @description Upper bound of the WordPiece vocabulary learned from the training split. */
                        vocabularySize: number;
                        /** @description Longest sequence the model can take, in tokens. */
                        maxPositions: number;
                    };
                    /** @description Weights of another experiment. */
                    experiment?: string;
                    /** @description Only with experiment. */
                    step?: number;
                };
                dataset: {
                    id?: string;
                    /** @description org/name on the hub, instead of id. */
                    hub?: string;
                    config?: string | null;
                    revision?: string | null;
                    textField: string;
                    textPairField: string | null;
                    labelField: string;
                    task: string;
                    trainSplit: string;
                    evaluationSplit: string | null;
                    evaluationFraction: number | null;
                    maxTrainSamples: number | null;
                    maxEvaluationSamples: number | null;
                    shuffleBeforeSelect: boolean;
                };
                training: {
                    epochs: number;
                    batchSize: number;
                    learningRate: number;
                    maxSequenceLength: number;
                    weightDecay: number;
                    /** @description 0 where warmupSteps is set. */
                    warmupRatio: number;
                    warmupSteps: number | null;
                    /** @enum {string} */
                    schedule: "linear" | "cosine" | "polynomial" | "constant" | "inverseSquareRoot";
                    gradientClipping: number | null;
                    gradientAccumulation: number;
                    optimizer: {
                        /** @enum {string} */
                        name: "adamw" | "sgd";
                    };
                    dropout: number;
                    labelSmoothing: number;
                    classWeights: ("balanced" | {
                        [key: string]: number;
                    }) | null;
                    seed: number;
                    seeds: {
                        head: number;
                        order: number;
                        dropout: number;
                    };
                    freeze: {
                        embeddings: boolean;
                        layers: number;
                    };
                    layerDecay: number | null;
                    lora: {
                        rank: number;
                        alpha: number;
                        dropout: number;
                    } | null;
                    checkpoint: {
                        everySteps: number;
                        everySeconds: number;
                        keepLast: number;
                        keepBest: boolean;
                    };
                    earlyStopping: {
                        /** @enum {string} */
                        metric: "loss" | "accuracy" | "macroF1" | "weightedF1" | "matthews" | "logLoss" | "brier" | "expectedCalibrationError" | "rocAuc" | "averagePrecision" | "subsetAccuracy" | "hammingLoss" | "microF1" | "mse" | "rmse" | "mae" | "r2" | "pearson" | "spearman" | "entityF1";
                        patience: number;
                    } | null;
                    evaluateEverySteps: number | null;
                    pretraining: {
                        epochs: number;
                    } | null;
                };
                evaluation: {
                    batchSize: number;
                };
                limits: {
                    durationSeconds: number | null;
                };
            };
            evaluation: {
                metrics: {
                    [key: string]: number | null;
                };
            } | null;
            lastFailure: {
                message: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC.
                 */
                since: string;
                /** @description How many in a row have failed. */
                attempts: number;
            } | null;
            links: {
                [key: string]: string;
            };
        };
        Event: {
            /** @description Counts from 1 within the experiment, without a gap. */
            id: number;
            experimentId: string;
            /** @enum {string} */
            type: "created" | "forked" | "stateChanged" | "pauseRequested" | "resumeRequested" | "cancelRequested" | "attemptStarted" | "attemptEnded" | "checkpointCommitted" | "segmentOpened" | "stepsReplaced" | "snapshotReady" | "evaluationReady" | "verificationAsked" | "verificationDecided" | "reconciled";
            /**
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            createdAt: string;
            /** @description Of attemptEnded: lease, phase, cause and message, which may be null. Of stateChanged: from, to and error. */
            data: {
                [key: string]: unknown;
            };
        };
        /** @description task tells which metrics there are. */
        Evaluation: {
            /** @enum {string} */
            task: "classification";
            /** @enum {number} */
            formatVersion: 2;
            experimentId: string;
            snapshotSha256: string;
            checkpoint: {
                step: number;
                id: string;
                weightsSha256: string;
            };
            /** @description In the order of perClass, perLabel and of the confusion matrix; none of a regression. */
            labels: string[];
            /** @description The stored prediction of every row. */
            predictions: {
                sha256: string;
                sizeBytes: number;
            };
            /** @description The exported models: the report’s metrics are those of float32. */
            inference: {
                float32: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Rows that the graph that was trained has computed too. */
                    comparedRows: number;
                };
                int8: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Its metrics that are one number. */
                    metrics: {
                        [key: string]: number | null;
                    };
                };
            };
            training: {
                specSha256: string;
                /** @description What the bits depend on besides the submission. */
                profile: {
                    onnxruntimeVersion: string;
                    /** @enum {string} */
                    provider: "cpu" | "cuda";
                    instructionSet: string;
                    threads: number;
                    graphSha256: string;
                };
                ledger: {
                    steps: number;
                    sha256: string;
                };
            };
            /** @description Mean cross-entropy, without label smoothing or class weights; logLoss is the same. */
            loss: number;
            accuracy: number;
            /** @description Over the classes that occur. */
            macroF1: number;
            weightedF1: number;
            perClass: {
                precision: number;
                recall: number;
                f1: number;
                support: number;
            }[];
            /** @description Rows: labels; columns: predictions. */
            confusionMatrix: number[][];
            matthews: number;
            logLoss: number;
            /** @description Summed over the classes. */
            brier: number;
            /** @description Over 15 bins. */
            expectedCalibrationError: number;
            rocAuc: number | null;
            averagePrecision: number | null;
        } | {
            /** @enum {string} */
            task: "multiLabel";
            /** @enum {number} */
            formatVersion: 2;
            experimentId: string;
            snapshotSha256: string;
            checkpoint: {
                step: number;
                id: string;
                weightsSha256: string;
            };
            /** @description In the order of perClass, perLabel and of the confusion matrix; none of a regression. */
            labels: string[];
            /** @description The stored prediction of every row. */
            predictions: {
                sha256: string;
                sizeBytes: number;
            };
            /** @description The exported models: the report’s metrics are those of float32. */
            inference: {
                float32: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Rows that the graph that was trained has computed too. */
                    comparedRows: number;
                };
                int8: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Its metrics that are one number. */
                    metrics: {
                        [key: string]: number | null;
                    };
                };
            };
            training: {
                specSha256: string;
                /** @description What the bits depend on besides the submission. */
                profile: {
                    onnxruntimeVersion: string;
                    /** @enum {string} */
                    provider: "cpu" | "cuda";
                    instructionSet: string;
                    threads: number;
                    graphSha256: string;
                };
                ledger: {
                    steps: number;
                    sha256: string;
                };
            };
            /** @description Mean binary cross-entropy over rows and labels. */
            loss: number;
            /** @description Rows with every label right. */
            subsetAccuracy: number;
            hammingLoss: number;
            microF1: number;
            macroF1: number;
            weightedF1: number;
            rocAuc: number | null;
            averagePrecision: number | null;
            perLabel: {
                precision: number;
                recall: number;
                f1: number;
                support: number;
                rocAuc: number | null;
                averagePrecision: number | null;
            }[];
        } | {
            /** @enum {string} */
            task: "regression";
            /** @enum {number} */
            formatVersion: 2;
            experimentId: string;
            snapshotSha256: string;
            checkpoint: {
                step: number;
                id: string;
                weightsSha256: string;
            };
            /** @description In the order of perClass, perLabel and of the confusion matrix; none of a regression. */
            labels: string[];
            /** @description The stored prediction of every row. */
            predictions: {
                sha256: string;
                sizeBytes: number;
            };
            /** @description The exported models: the report’s metrics are those of float32. */
            inference: {
                float32: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Rows that the graph that was trained has computed too. */
                    comparedRows: number;
                };
                int8: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Its metrics that are one number. */
                    metrics: {
                        [key: string]: number | null;
                    };
                };
            };
            training: {
                specSha256: string;
                /** @description What the bits depend on besides the submission. */
                profile: {
                    onnxruntimeVersion: string;
                    /** @enum {string} */
                    provider: "cpu" | "cuda";
                    instructionSet: string;
                    threads: number;
                    graphSha256: string;
                };
                ledger: {
                    steps: number;
                    sha256: string;
                };
            };
            /** @description Mean squared error, as mse. */
            loss: number;
            mse: number;
            rmse: number;
            mae: number;
            r2: number | null;
            pearson: number | null;
            spearman: number | null;
        } | {
            /** @enum {string} */
            task: "tokenClassification";
            /** @enum {number} */
            formatVersion: 2;
            experimentId: string;
            snapshotSha256: string;
            checkpoint: {
                step: number;
                id: string;
                weightsSha256: string;
            };
            /** @description In the order of perClass, perLabel and of the confusion matrix; none of a regression. */
            labels: string[];
            /** @description The stored prediction of every row. */
            predictions: {
                sha256: string;
                sizeBytes: number;
            };
            /** @description The exported models: the report’s metrics are those of float32. */
            inference: {
                float32: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Rows that the graph that was trained has computed too. */
                    comparedRows: number;
                };
                int8: {
                    /** @description An ONNX file. */
                    model: {
                        sha256: string;
                        sizeBytes: number;
                    };
                    /** @description float32: from the graph that was trained; int8: from float32. */
                    largestLogitDifference: number;
                    /** @description Its metrics that are one number. */
                    metrics: {
                        [key: string]: number | null;
                    };
                };
            };
            training: {
                specSha256: string;
                /** @description What the bits depend on besides the submission. */
                profile: {
                    onnxruntimeVersion: string;
                    /** @enum {string} */
                    provider: "cpu" | "cuda";
                    instructionSet: string;
                    threads: number;
                    graphSha256: string;
                };
                ledger: {
                    steps: number;
                    sha256: string;
                };
            };
            /** @description Mean cross-entropy of the words that carry a label. */
            loss: number;
            /** @description Of these words. */
            tokens: number;
            accuracy: number;
            /** @description Over the classes that occur. */
            macroF1: number;
            weightedF1: number;
            perClass: {
                precision: number;
                recall: number;
                f1: number;
                support: number;
            }[];
            /** @description Rows: labels; columns: predictions. */
            confusionMatrix: number[][];
            entities: {
                precision: number;
                recall: number;
                f1: number;
                support: number;
                perType: {
                    type: string;
                    precision: number;
                    recall: number;
                    f1: number;
                    support: number;
                }[];
            } | null;
        };
        Dataset: {
            id: string;
            sha256: string;
            sizeBytes: number;
            splits: {
                [key: string]: {
                    rows: number;
                    columns: string[];
                    /** @description The first rows; long values are cut. */
                    sample: {
                        [key: string]: unknown;
                    }[];
                };
            };
            /**
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            createdAt: string;
        };
        Model: {
            id: string;
            sha256: string;
            architecture: string;
            /** @description How many numbers the weights are. */
            parameters: number;
            /** @description Files and tensors that were left aside. */
            ignored: string[];
            config: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description RFC 3339, UTC.
             */
            createdAt: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listExperiments: {
        parameters: {
            query?: {
                state?: "queued" | "preparing" | "training" | "paused" | "evaluating" | "succeeded" | "failed" | "cancelled";
                tag?: string;
                /** @description A part of the name. */
                name?: string;
                /** @description RFC 3339, UTC. */
                createdAfter?: string;
                /** @description RFC 3339, UTC. */
                createdBefore?: string;
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
                sort?: "-createdAt" | "createdAt";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of experiments. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            id: string;
                            name: string;
                            tags: string[];
                            /** @enum {string} */
                            state: "queued" | "preparing" | "training" | "paused" | "evaluating" | "succeeded" | "failed" | "cancelled";
                            requestedAction: ("pause" | "resume" | "cancel") | null;
                            waitingFor: {
                                /** @enum {string} */
                                kind: "worker" | "temporal";
                                queue: string;
                            } | null;
                            progress: {
                                step: number;
                                totalSteps: number;
                                epoch: number;
                                loss: number | null;
                                learningRate: number | null;
                                tokensPerSecond: number | null;
                                etaSeconds: number | null;
                                /** @description Training is over. With an early stop that may be before totalSteps, which is what was planned. */
                                complete: boolean;
                            } | null;
                            snapshot: {
                                id: string;
                                sha256: string;
                                rows: {
                                    train: number;
                                    evaluation: number;
                                    leftOut: number;
                                };
                                labels: string[];
                                tokens: number;
                            } | null;
                            latestCheckpoint: {
                                step: number;
                                id: string;
                                sizeBytes: number;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC.
                                 */
                                createdAt: string;
                            } | null;
                            /** @description Attempts at training. */
                            attempts: number;
                            forkedFrom: {
                                experimentId: string;
                                step: number;
                            } | null;
                            error: {
                                code: string;
                                message: string;
                            } | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC.
                             */
                            createdAt: string;
                            startedAt: string | null;
                            finishedAt: string | null;
                            /** @description Counts every change; the ETag. */
                            version: number;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Printable characters, kept for 24 hours. The same key and body get the first answer again. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Without control characters. */
                    name: string;
                    tags?: string[];
                    /** @description Exactly one of id, hub, scratch, experiment. */
                    model: {
                        /** @description An uploaded model. */
                        id?: string;
                        /** @description org/name on the Hugging Face hub. */
                        hub?: string;
                        revision?: string | null;
                        scratch?: {
                            /** @description Transformer layers. */
                            layers: number;
                            /** @description Divisible by heads. */
                            hiddenSize: number;
                            /** @description Attention heads. */
                            heads: number;
                            /** @description Width of the feed-forward layers. */
                            intermediateSize: number;
                            /** @description Upper bound of the WordPiece vocabulary learned from the training split. */
                            vocabularySize: number;
                            /** @description Longest sequence the model can take, in tokens. */
                            maxPositions: number;
                        };
                        /** @description Weights of another experiment. */
                        experiment?: string;
                        /** @description Only with experiment. */
                        step?: number;
                    };
                    /** @description Exactly one of id, hub, rows. */
                    dataset: {
                        /** @description An uploaded dataset. */
                        id?: string;
                        /** @description org/name on the Hugging Face hub. */
                        hub?: string;
                        config?: string | null;
                        revision?: string | null;
                        /** @description Rows by split; over 1 MiB as JSON lines they are refused: 413. */
                        rows?: {
                            [key: string]: {
                                [key: string]: string | number | boolean | null | (string | number | boolean)[];
                            }[];
                        };
                        textField: string;
                        textPairField?: string | null;
                        labelField: string;
                        /** @description auto: a regression where every label is a number and one has a fraction, else a classification. multiLabel: a label is a list of names, its JSON text, or names separated by | (by , where there is no |); an empty list is a label, an empty cell is none. tokenClassification: text and label are lists of words and of as many labels, their JSON text, or words separated by spaces. */
                        task?: "auto" | "classification" | "regression" | "multiLabel" | "tokenClassification";
                        trainSplit?: string;
                        evaluationSplit?: string | null;
                        evaluationFraction?: number | null;
                        maxTrainSamples?: number | null;
                        maxEvaluationSamples?: number | null;
                        shuffleBeforeSelect?: boolean;
                    };
                    training?: {
                        /** @description Passes over the training split. */
                        epochs?: number;
                        /** @description Examples a batch. */
                        batchSize?: number;
                        /** @description Peak, after warmup. */
                        learningRate?: number;
                        /** @description Tokens; longer texts are cut. */
                        maxSequenceLength?: number;
                        weightDecay?: number;
                        /** @description Share of all steps; 0 with warmupSteps. */
                        warmupRatio?: number;
                        warmupSteps?: number | null;
                        /** @description Of the learning rate after the warmup, as Hugging Face transformers has them. */
                        schedule?: "linear" | "cosine" | "polynomial" | "constant" | "inverseSquareRoot";
                        gradientClipping?: number | null;
                        /** @description Batches a step. */
                        gradientAccumulation?: number;
                        /** @description adamw: betas 0.9 and 0.999, epsilon 1e-8, decoupled decay. sgd: momentum 0.9. Neither decays biases and LayerNorm. */
                        optimizer?: {
                            name: "adamw" | "sgd";
                        };
                        /** @description Of embeddings, attention, hidden layers and the head’s input. */
                        dropout?: number;
                        /** @description Share of a label that is spread over all; for classification and tokenClassification. */
                        labelSmoothing?: number;
                        classWeights?: ("balanced" | {
                            [key: string]: number;
                        }) | null;
                        /** @description Decides all that is drawn, where seeds does not say otherwise. */
                        seed?: number;
                        seeds?: {
                            /** @description New weights: the head, and of a model from scratch all. */
                            head?: number;
                            /** @description Which rows are taken, in which order. */
                            order?: number;
                            /** @description What is dropped; masks of pretraining. */
                            dropout?: number;
                        } | null;
                        freeze?: {
                            embeddings?: boolean;
                            /** @description So many of the lowest layers. */
                            layers?: number;
                        } | null;
                        layerDecay?: number | null;
                        lora?: {
                            /** @description Of every adapter. */
                            rank: number;
                            /** @description An adapter is scaled by alpha / rank; 2 * rank where it is left out. */
                            alpha?: number;
                            /** @description Of an adapter’s input; 0 where it is left out. */
                            dropout?: number;
                        } | null;
                        checkpoint?: {
                            /** @description A checkpoint is due after so many steps … */
                            everySteps?: number;
                            /** @description … or so many seconds, whichever comes first. */
                            everySeconds?: number;
                            /** @description The latest checkpoints to keep. */
                            keepLast?: number;
                            keepBest?: boolean;
                        };
                        earlyStopping?: {
                            /**
                             * @description Of the evaluation split; one that the task has.
                             * @enum {string}
                             */
                            metric: "loss" | "accuracy" | "macroF1" | "weightedF1" | "matthews" | "logLoss" | "brier" | "expectedCalibrationError" | "rocAuc" | "averagePrecision" | "subsetAccuracy" | "hammingLoss" | "microF1" | "mse" | "rmse" | "mae" | "r2" | "pearson" | "spearman" | "entityF1";
                            /** @description Evaluations in a row without a better value, after which training ends. */
                            patience: number;
                        } | null;
                        evaluateEverySteps?: number | null;
                        pretraining?: {
                            /** @description Passes over the training split. */
                            epochs: number;
                        } | null;
                    };
                    evaluation?: {
                        /** @description Examples a batch. */
                        batchSize?: number;
                    };
                    limits?: {
                        durationSeconds?: number | null;
                    };
                };
            };
        };
        responses: {
            /** @description Accepted; it starts by itself. */
            201: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description true where the answer is that to an earlier request with the key. */
                    "idempotency-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    estimateExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Without control characters. */
                    name: string;
                    tags?: string[];
                    /** @description Exactly one of id, hub, scratch, experiment. */
                    model: {
                        /** @description An uploaded model. */
                        id?: string;
                        /** @description org/name on the Hugging Face hub. */
                        hub?: string;
                        revision?: string | null;
                        scratch?: {
                            /** @description Transformer layers. */
                            layers: number;
                            /** @description Divisible by heads. */
                            hiddenSize: number;
                            /** @description Attention heads. */
                            heads: number;
                            /** @description Width of the feed-forward layers. */
                            intermediateSize: number;
                            /** @description Upper bound of the WordPiece vocabulary learned from the training split. */
                            vocabularySize: number;
                            /** @description Longest sequence the model can take, in tokens. */
                            maxPositions: number;
                        };
                        /** @description Weights of another experiment. */
                        experiment?: string;
                        /** @description Only with experiment. */
                        step?: number;
                    };
                    /** @description Exactly one of id, hub, rows. */
                    dataset: {
                        /** @description An uploaded dataset. */
                        id?: string;
                        /** @description org/name on the Hugging Face hub. */
                        hub?: string;
                        config?: string | null;
                        revision?: string | null;
                        /** @description Rows by split; over 1 MiB as JSON lines they are refused: 413. */
                        rows?: {
                            [key: string]: {
                                [key: string]: string | number | boolean | null | (string | number | boolean)[];
                            }[];
                        };
                        textField: string;
                        textPairField?: string | null;
                        labelField: string;
                        /** @description auto: a regression where every label is a number and one has a fraction, else a classification. multiLabel: a label is a list of names, its JSON text, or names separated by | (by , where there is no |); an empty list is a label, an empty cell is none. tokenClassification: text and label are lists of words and of as many labels, their JSON text, or words separated by spaces. */
                        task?: "auto" | "classification" | "regression" | "multiLabel" | "tokenClassification";
                        trainSplit?: string;
                        evaluationSplit?: string | null;
                        evaluationFraction?: number | null;
                        maxTrainSamples?: number | null;
                        maxEvaluationSamples?: number | null;
                        shuffleBeforeSelect?: boolean;
                    };
                    training?: {
                        /** @description Passes over the training split. */
                        epochs?: number;
                        /** @description Examples a batch. */
                        batchSize?: number;
                        /** @description Peak, after warmup. */
                        learningRate?: number;
                        /** @description Tokens; longer texts are cut. */
                        maxSequenceLength?: number;
                        weightDecay?: number;
                        /** @description Share of all steps; 0 with warmupSteps. */
                        warmupRatio?: number;
                        warmupSteps?: number | null;
                        /** @description Of the learning rate after the warmup, as Hugging Face transformers has them. */
                        schedule?: "linear" | "cosine" | "polynomial" | "constant" | "inverseSquareRoot";
                        gradientClipping?: number | null;
                        /** @description Batches a step. */
                        gradientAccumulation?: number;
                        /** @description adamw: betas 0.9 and 0.999, epsilon 1e-8, decoupled decay. sgd: momentum 0.9. Neither decays biases and LayerNorm. */
                        optimizer?: {
                            name: "adamw" | "sgd";
                        };
                        /** @description Of embeddings, attention, hidden layers and the head’s input. */
                        dropout?: number;
                        /** @description Share of a label that is spread over all; for classification and tokenClassification. */
                        labelSmoothing?: number;
                        classWeights?: ("balanced" | {
                            [key: string]: number;
                        }) | null;
                        /** @description Decides all that is drawn, where seeds does not say otherwise. */
                        seed?: number;
                        seeds?: {
                            /** @description New weights: the head, and of a model from scratch all. */
                            head?: number;
                            /** @description Which rows are taken, in which order. */
                            order?: number;
                            /** @description What is dropped; masks of pretraining. */
                            dropout?: number;
                        } | null;
                        freeze?: {
                            embeddings?: boolean;
                            /** @description So many of the lowest layers. */
                            layers?: number;
                        } | null;
                        layerDecay?: number | null;
                        lora?: {
                            /** @description Of every adapter. */
                            rank: number;
                            /** @description An adapter is scaled by alpha / rank; 2 * rank where it is left out. */
                            alpha?: number;
                            /** @description Of an adapter’s input; 0 where it is left out. */
                            dropout?: number;
                        } | null;
                        checkpoint?: {
                            /** @description A checkpoint is due after so many steps … */
                            everySteps?: number;
                            /** @description … or so many seconds, whichever comes first. */
                            everySeconds?: number;
                            /** @description The latest checkpoints to keep. */
                            keepLast?: number;
                            keepBest?: boolean;
                        };
                        earlyStopping?: {
                            /**
                             * @description Of the evaluation split; one that the task has.
                             * @enum {string}
                             */
                            metric: "loss" | "accuracy" | "macroF1" | "weightedF1" | "matthews" | "logLoss" | "brier" | "expectedCalibrationError" | "rocAuc" | "averagePrecision" | "subsetAccuracy" | "hammingLoss" | "microF1" | "mse" | "rmse" | "mae" | "r2" | "pearson" | "spearman" | "entityF1";
                            /** @description Evaluations in a row without a better value, after which training ends. */
                            patience: number;
                        } | null;
                        evaluateEverySteps?: number | null;
                        pretraining?: {
                            /** @description Passes over the training split. */
                            epochs: number;
                        } | null;
                    };
                    evaluation?: {
                        /** @description Examples a batch. */
                        batchSize?: number;
                    };
                    limits?: {
                        durationSeconds?: number | null;
                    };
                };
            };
        };
        responses: {
            /** @description The estimate. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        tokens: number | null;
                        steps: number | null;
                        memoryBytes: number | null;
                        stepSeconds: number | null;
                        totalSeconds: number | null;
                        checkpointBytes: number | null;
                        fits: boolean | null;
                        warnings: {
                            /** @enum {string} */
                            code: "not_calibrated" | "not_known_before_preparing" | "sampled" | "texts_cut" | "does_not_fit" | "few_rows_per_class" | "few_evaluation_rows" | "batch_larger_than_split" | "no_evaluation_signal" | "warmup_longer_than_training";
                            message: string;
                        }[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "if-none-match"?: string;
                /** @description wait=SECONDS holds a 304 back until something changes, at most 60 s. */
                prefer?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The experiment. */
            200: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description The wait that was granted. */
                    "preference-applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was asked for before, or is so. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description Asked for. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was asked for before, or is so. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description Asked for. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was asked for before, or is so. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description Asked for. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forkExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Printable characters, kept for 24 hours. The same key and body get the first answer again. */
                "idempotency-key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The last step that is taken over. */
                    step: number;
                    /** @description Without control characters. */
                    name?: string;
                    tags?: string[];
                    training?: {
                        /** @description Passes over the training split. */
                        epochs?: number;
                        /** @description Examples a batch. */
                        batchSize?: number;
                        /** @description Peak, after warmup. */
                        learningRate?: number;
                        /** @description Tokens; longer texts are cut. */
                        maxSequenceLength?: number;
                        weightDecay?: number;
                        /** @description Share of all steps; 0 with warmupSteps. */
                        warmupRatio?: number;
                        warmupSteps?: number | null;
                        /** @description Of the learning rate after the warmup, as Hugging Face transformers has them. */
                        schedule?: "linear" | "cosine" | "polynomial" | "constant" | "inverseSquareRoot";
                        gradientClipping?: number | null;
                        /** @description Batches a step. */
                        gradientAccumulation?: number;
                        /** @description adamw: betas 0.9 and 0.999, epsilon 1e-8, decoupled decay. sgd: momentum 0.9. Neither decays biases and LayerNorm. */
                        optimizer?: {
                            name: "adamw" | "sgd";
                        };
                        /** @description Of embeddings, attention, hidden layers and the head’s input. */
                        dropout?: number;
                        /** @description Share of a label that is spread over all; for classification and tokenClassification. */
                        labelSmoothing?: number;
                        classWeights?: ("balanced" | {
                            [key: string]: number;
                        }) | null;
                        /** @description Decides all that is drawn, where seeds does not say otherwise. */
                        seed?: number;
                        seeds?: {
                            /** @description New weights: the head, and of a model from scratch all. */
                            head?: number;
                            /** @description Which rows are taken, in which order. */
                            order?: number;
                            /** @description What is dropped; masks of pretraining. */
                            dropout?: number;
                        } | null;
                        freeze?: {
                            embeddings?: boolean;
                            /** @description So many of the lowest layers. */
                            layers?: number;
                        } | null;
                        layerDecay?: number | null;
                        lora?: {
                            /** @description Of every adapter. */
                            rank: number;
                            /** @description An adapter is scaled by alpha / rank; 2 * rank where it is left out. */
                            alpha?: number;
                            /** @description Of an adapter’s input; 0 where it is left out. */
                            dropout?: number;
                        } | null;
                        checkpoint?: {
                            /** @description A checkpoint is due after so many steps … */
                            everySteps?: number;
                            /** @description … or so many seconds, whichever comes first. */
                            everySeconds?: number;
                            /** @description The latest checkpoints to keep. */
                            keepLast?: number;
                            keepBest?: boolean;
                        };
                        earlyStopping?: {
                            /**
                             * @description Of the evaluation split; one that the task has.
                             * @enum {string}
                             */
                            metric: "loss" | "accuracy" | "macroF1" | "weightedF1" | "matthews" | "logLoss" | "brier" | "expectedCalibrationError" | "rocAuc" | "averagePrecision" | "subsetAccuracy" | "hammingLoss" | "microF1" | "mse" | "rmse" | "mae" | "r2" | "pearson" | "spearman" | "entityF1";
                            /** @description Evaluations in a row without a better value, after which training ends. */
                            patience: number;
                        } | null;
                        evaluateEverySteps?: number | null;
                        pretraining?: {
                            /** @description Passes over the training split. */
                            epochs: number;
                        } | null;
                    };
                    limits?: {
                        durationSeconds?: number | null;
                    };
                };
            };
        };
        responses: {
            /** @description Accepted; it starts by itself. */
            201: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description true where the answer is that to an earlier request with the key. */
                    "idempotency-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experiment"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dataset. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The last id seen: the stream goes on after it. */
                "last-event-id"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Each event’s data is one of these as JSON. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Event"];
                };
            };
            /** @description The experiment has ended and nothing more will come. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: {
                name?: "loss" | "gradientNorm" | "learningRate" | "evaluation.loss" | "evaluation.accuracy" | "evaluation.macroF1" | "evaluation.weightedF1" | "evaluation.matthews" | "evaluation.logLoss" | "evaluation.brier" | "evaluation.expectedCalibrationError" | "evaluation.rocAuc" | "evaluation.averagePrecision" | "evaluation.subsetAccuracy" | "evaluation.hammingLoss" | "evaluation.microF1" | "evaluation.mse" | "evaluation.rmse" | "evaluation.mae" | "evaluation.r2" | "evaluation.pearson" | "evaluation.spearman" | "evaluation.entityF1";
                maxPoints?: number;
                fromStep?: number;
                toStep?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One item a metric. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            name: string;
                            /** @description Of a fork: the points up to this step were taken over. */
                            forkedFrom?: {
                                experimentId: string;
                                step: number;
                            };
                            /** @description Of an experiment with a pretraining: which steps are of which phase. Their losses are not of one scale. */
                            phases?: {
                                /** @enum {string} */
                                phase: "pretraining" | "training";
                                fromStep: number;
                                toStep: number | null;
                            }[];
                            points: (number | null)[][];
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listCheckpoints: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of checkpoints. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            step: number;
                            id: string;
                            sizeBytes: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC.
                             */
                            createdAt: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAttempts: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of attempts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description Grows with each attempt of any kind. */
                            lease: number;
                            phase: ("pretraining" | "training") | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC.
                             */
                            startedAt: string;
                            endedAt: string | null;
                            cause: ("completed" | "handedBack" | "paused" | "cancelled" | "failed" | "lost") | null;
                            message: string | null;
                            startStep: number | null;
                            stepsDone: number;
                            stepsRepeated: number;
                            /** @description When it came back after it had been replaced, and its write was refused. */
                            refusedAt: string | null;
                            host: string;
                            provider: string | null;
                            threads: number | null;
                            /** @description Of the ledger; another numeric profile opens the next. */
                            segment: number;
                            profile: {
                                onnxruntimeVersion: string;
                                /** @enum {string} */
                                provider: "cpu" | "cuda";
                                instructionSet: string;
                                threads: number;
                                graphSha256: string;
                            } | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getEvaluation: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "if-none-match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description JSON. */
            200: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of an earlier answer. */
                "if-none-match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description JSON. */
            200: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLedger: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of steps. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            step: number;
                            lossBits: number;
                            gradientNormBits: number;
                            examples: number;
                            lease: number;
                            segment: number;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getProof: {
        parameters: {
            query?: {
                /** @description A tar with all that is needed to check it. */
                bundle?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof; with bundle, a tar. */
            200: {
                headers: {
                    /** @description The name to save the file under. */
                    "content-disposition"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {number} */
                        formatVersion: 1;
                        experimentId: string;
                        checkpoint: {
                            step: number;
                            id: string;
                        };
                        /** @description Of the specification without its name, tags and limits, which change no result. */
                        specSha256: string;
                        /** @description Of the dataset’s snapshot, evaluation split and tokenizer included. */
                        snapshotSha256: string;
                        /** @description The numeric profiles of the steps, each from a step on. */
                        segments: {
                            fromStep: number;
                            /** @description What the bits depend on besides the submission. */
                            profile: {
                                onnxruntimeVersion: string;
                                /** @enum {string} */
                                provider: "cpu" | "cuda";
                                instructionSet: string;
                                threads: number;
                                graphSha256: string;
                            };
                        }[];
                        versions: {
                            onnxruntime: string;
                            checkpointFormat: number;
                            ledgerFormat: number;
                        };
                        /** @description The running hash of the ledger up to the checkpoint’s step: h(n) = SHA-256(h(n-1) ‖ record), a record being step, lossBits, gradientNormBits, the bits of the learning rate and examples, each a little-endian uint32; h(0) is the SHA-256 of "ledger format 1". */
                        ledgerSha256: string;
                        /** @description Of the trained tensors as a safetensors file. */
                        weightsSha256: string;
                    };
                    "application/x-tar": string;
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verifyExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** @description The steps to compute again, both ends included. */
        requestBody: {
            content: {
                "application/json": {
                    fromStep: number;
                    toStep: number;
                };
            };
        };
        responses: {
            /** @description Asked for. */
            202: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        experimentId: string;
                        /**
                         * @description undecided: nothing can be told, as `reason` says; for instance since a worker of another numeric profile computed, which gives other bits.
                         * @enum {string}
                         */
                        state: "running" | "agrees" | "differs" | "undecided";
                        fromStep: number;
                        toStep: number;
                        firstDifferentStep: number | null;
                        reason: string | null;
                        host: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC.
                         */
                        createdAt: string;
                        /** @description When a worker took it up; null while it waits for one. */
                        startedAt: string | null;
                        finishedAt: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listVerifications: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of verifications. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            id: string;
                            experimentId: string;
                            /**
                             * @description undecided: nothing can be told, as `reason` says; for instance since a worker of another numeric profile computed, which gives other bits.
                             * @enum {string}
                             */
                            state: "running" | "agrees" | "differs" | "undecided";
                            fromStep: number;
                            toStep: number;
                            firstDifferentStep: number | null;
                            reason: string | null;
                            host: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC.
                             */
                            createdAt: string;
                            /** @description When a worker took it up; null while it waits for one. */
                            startedAt: string | null;
                            finishedAt: string | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVerification: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                verificationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The verification. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        experimentId: string;
                        /**
                         * @description undecided: nothing can be told, as `reason` says; for instance since a worker of another numeric profile computed, which gives other bits.
                         * @enum {string}
                         */
                        state: "running" | "agrees" | "differs" | "undecided";
                        fromStep: number;
                        toStep: number;
                        firstDifferentStep: number | null;
                        reason: string | null;
                        host: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC.
                         */
                        createdAt: string;
                        /** @description When a worker took it up; null while it waits for one. */
                        startedAt: string | null;
                        finishedAt: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listEvaluationRows: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
                sort?: "row" | "-loss";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            row: number;
                            text: string;
                            /** @description Of pairs, the second text. */
                            textPair?: string;
                            /** @description A class, a number, the names of a multi-label row, or a class for each word. */
                            label: string | number | string[];
                            /** @description A class, a number, the names of a multi-label row, or a class for each word. */
                            predicted: string | number | string[];
                            /** @description In the order of the report’s labels; of a regression the value; none of words. */
                            logits: number[];
                            loss: number;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    downloadModel: {
        parameters: {
            query?: {
                /** @description huggingface: config.json, tokenizer.json and model.safetensors in a tar. onnx: one file, for inference. */
                format?: "huggingface" | "onnx";
            };
            header?: {
                /** @description The ETag of an earlier answer. */
                "if-none-match"?: string;
                /** @description bytes=FIRST-LAST, one range. */
                range?: string;
                /** @description The ETag of the file that the range continues. */
                "if-range"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model, the same bytes each time. */
            200: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description bytes: Range is heeded. */
                    "accept-ranges"?: string;
                    /** @description The name to save the file under. */
                    "content-disposition"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": string;
                    "application/octet-stream": string;
                };
            };
            /** @description The part that Range asked for. */
            206: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description bytes: Range is heeded. */
                    "accept-ranges"?: string;
                    /** @description The name to save the file under. */
                    "content-disposition"?: string;
                    /** @description Which bytes these are, of how many. */
                    "content-range"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": string;
                    "application/octet-stream": string;
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    downloadCheckpointModel: {
        parameters: {
            query?: {
                /** @description huggingface: config.json, tokenizer.json and model.safetensors in a tar. onnx: one file, for inference. */
                format?: "huggingface" | "onnx";
            };
            header?: {
                /** @description The ETag of an earlier answer. */
                "if-none-match"?: string;
                /** @description bytes=FIRST-LAST, one range. */
                range?: string;
                /** @description The ETag of the file that the range continues. */
                "if-range"?: string;
            };
            path: {
                id: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model, the same bytes each time. */
            200: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description bytes: Range is heeded. */
                    "accept-ranges"?: string;
                    /** @description The name to save the file under. */
                    "content-disposition"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": string;
                    "application/octet-stream": string;
                };
            };
            /** @description The part that Range asked for. */
            206: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    /** @description bytes: Range is heeded. */
                    "accept-ranges"?: string;
                    /** @description The name to save the file under. */
                    "content-disposition"?: string;
                    /** @description Which bytes these are, of how many. */
                    "content-range"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": string;
                    "application/octet-stream": string;
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    /** @description The version of what is answered, for If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    predict: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** @description Exactly one of texts, pairs; at most 1 MiB. */
        requestBody: {
            content: {
                "application/json": {
                    /** @description Of a tokenClassification, each is split into words as the text cells of its dataset were. */
                    texts?: string[];
                    /** @description Instead of texts, where the experiment has a textPairField. */
                    pairs?: string[][];
                };
            };
        };
        responses: {
            /** @description What the model says of each. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description One a text or pair, in their order. */
                        items: ({
                            label: string;
                            /** @description By label. */
                            probabilities: {
                                [key: string]: number;
                            };
                        } | {
                            labels: string[];
                            /** @description By label. */
                            probabilities: {
                                [key: string]: number;
                            };
                        } | {
                            value: number;
                        } | {
                            words: {
                                word: string;
                                label: string | null;
                                probability: number | null;
                            }[];
                        })[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    auditExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the replay found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Whether today’s code does what was recorded, in every run. */
                        deterministic: boolean;
                        /** @description Of all runs. */
                        events: number;
                        /**
                         * @description The history stored at the end, or what Temporal has of it now.
                         * @enum {string}
                         */
                        source: "stored" | "live";
                        workflows: {
                            workflowId: string;
                            runId: string;
                            type: string;
                            events: number;
                            deterministic: boolean;
                            reason: string | null;
                        }[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getExperimentWaste: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Seconds from the creation to the end, or until now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description In steps that were recorded for the first time. */
                        usefulSeconds: number;
                        /** @description In steps that had been recorded before. */
                        repeatedSeconds: number;
                        /** @description From the start of an attempt until it was ready for a step. */
                        restoringSeconds: number;
                        /** @description Between attempts. */
                        queuedSeconds: number;
                        /** @description In which training stood still for a checkpoint, or in silence before an attempt was given up, or in an attempt at preparing or evaluating that did not complete. */
                        stalledSeconds: number;
                        evaluationSeconds: number;
                        preparingSeconds: number;
                        pausedSeconds: number;
                        /** @description usefulSeconds as a share of itself, the repeated, restoring, queued and stalled ones. */
                        usefulShare: number | null;
                        /** @description Of the repeated, restoring, queued and stalled seconds. */
                        causes: {
                            /** @enum {string} */
                            cause: "killed" | "stalled" | "machineFault" | "deploy" | "cancelled" | "paused" | "failed" | "start" | "queue" | "checkpoint" | "fork";
                            seconds: number;
                        }[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWaste: {
        parameters: {
            query?: {
                /** @description The first day, in UTC. Left out: the 30th up to `to`. */
                from?: string;
                /** @description The last day, in UTC. Left out: today. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description By day, in UTC. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description The seconds of a day that were spent in nothing that counted, by cause. */
                        items: {
                            /**
                             * Format: date
                             * @description In UTC.
                             */
                            day: string;
                            /** @enum {string} */
                            cause: "killed" | "stalled" | "machineFault" | "deploy" | "cancelled" | "paused" | "failed" | "start" | "queue" | "checkpoint" | "fork";
                            seconds: number;
                        }[];
                        /** @description Every day on which anything was spent. */
                        days: {
                            /**
                             * Format: date
                             * @description In UTC.
                             */
                            day: string;
                            usefulSeconds: number;
                            wastedSeconds: number;
                            usefulShare: number | null;
                        }[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDatasets: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of datasets. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Dataset"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    uploadDataset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One file a split (.csv, .tsv, .jsonl, .parquet); the field’s name is the split’s. */
        requestBody: {
            content: {
                "multipart/form-data": {
                    [key: string]: string;
                };
            };
        };
        responses: {
            /** @description The dataset is there already. */
            200: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description Stored. */
            201: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: {
                /** @description Items a page. */
                limit?: number;
                /** @description The nextCursor of an earlier page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of models. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Model"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    uploadModel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The files of a Hugging Face folder. */
        requestBody: {
            content: {
                "multipart/form-data": {
                    [key: string]: string;
                };
            };
        };
        responses: {
            /** @description The model is there already. */
            200: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description Stored. */
            201: {
                headers: {
                    /** @description The path of what was created. */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "alive";
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "degraded";
                        dependencies: {
                            database: {
                                /** @enum {string} */
                                state: "up" | "down";
                            };
                            storage: {
                                /** @enum {string} */
                                state: "up" | "down";
                            };
                            temporal: {
                                /** @enum {string} */
                                state: "up" | "down";
                            };
                        };
                        /** @description Coordinator workers that do not poll, each with a running workflow that its code would break. */
                        refusals: {
                            /** @description PROCESS@HOST. */
                            worker: string;
                            workflowId: string;
                            reason: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC.
                             */
                            lastSeenAt: string;
                        }[];
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listQueues: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All queues. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            name: string;
                            backlog: number;
                            workers: {
                                id: string;
                                host: string;
                                slots: number | null;
                                busy: number | null;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC.
                                 */
                                lastSeenAt: string;
                            }[];
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem */
            "5XX": {
                headers: {
                    /** @description After so many seconds the request may be sent again. */
                    "retry-after"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
