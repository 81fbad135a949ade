// The environment that processes inherit and libraries read: what is passed on to children, and set for the libraries of this one.
// What the service itself is told is read in config.ts.
import { processEnvironment } from './config.ts';

/** The environment of a child process: this process's own, with changes. */
export function childEnvironment(changes: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(processEnvironment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...Object.fromEntries(inherited), ...changes };
}

/** Silences the AWS SDK's notice about Node 20, by the variable that it documents for this. */
export function silenceAwsNodeNotice(): void {
  processEnvironment['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}

/**
 * Makes CUDA compute products of matrices in full float32, by the variable that NVIDIA documents for this. Its libraries
 * read it when they are loaded, from the environment of the process and not of a thread: call it first, in the main thread.
 */
export function switchOffTf32(): void {
  processEnvironment['NVIDIA_TF32_OVERRIDE'] ??= '0';
}

/**
 * Keeps onnxruntime from reporting to its makers, by the variable that it reads for this: its builds for Linux send names,
 * sizes and hashes of models unless they are told not to. To be called before it is loaded, in the main thread.
 */
export function switchOffEngineTelemetry(): void {
  processEnvironment['ORT_DISABLE_TELEMETRY'] ??= '1';
}
