// The webcam: its picture on the page, and single frames as files or pixels.
import { el } from './dom.mjs';
import { FileError } from './reasons.mjs';

const frameType = 'image/jpeg';
const frameQuality = 0.92;
// Networks look at less than this; more would only cost time.
const longestSide = 640;

/** Whether this browser may have a webcam at all. */
export const hasCamera = () => typeof navigator.mediaDevices?.getUserMedia === 'function';

export class Camera {
  #stream;

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.#stream = stream;
    this.element = el('video', { class: 'camera-picture', muted: true, playsinline: true });
    this.element.muted = true;
    this.element.srcObject = stream;
  }

  /** @returns {Promise<Camera>} fails with a FileError that says why there is none */
  static async open() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: longestSide }, facingMode: 'environment' } });
      const camera = new Camera(stream);
      await camera.element.play();
      return camera;
    } catch (error) {
      const isForbidden = error instanceof DOMException && error.name === 'NotAllowedError';
      throw new FileError({ code: isForbidden ? 'camera-denied' : 'camera-missing' });
    }
  }

  /** What the camera sees now. @returns {{canvas: OffscreenCanvas, context: OffscreenCanvasRenderingContext2D}} */
  #draw() {
    const { videoWidth: width, videoHeight: height } = this.element;
    const scale = Math.min(longestSide / Math.max(width, height), 1);
    const canvas = new OffscreenCanvas(Math.max(Math.round(width * scale), 1), Math.max(Math.round(height * scale), 1));
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) {
      throw new FileError({ code: 'camera-missing' });
    }
    context.drawImage(this.element, 0, 0, canvas.width, canvas.height);
    return { canvas, context };
  }

  /** @returns {Promise<Blob>} */
  frame() {
    return this.#draw().canvas.convertToBlob({ type: frameType, quality: frameQuality });
  }

  /** @returns {import('../wasm/modelspider.mjs').Pixels} */
  pixels() {
    const { canvas: { width, height }, context } = this.#draw();
    return { data: context.getImageData(0, 0, width, height).data, width, height };
  }

  close() {
    this.#stream.getTracks().forEach((track) => track.stop());
    this.element.srcObject = null;
  }
}
