#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (OHIF's measuring tools): the area of a freehand outline on ultrasound is in pixels, and labelled cm2.
#
# Expected: on an image whose calibration is an ultrasound region of 0.02 cm a pixel, an outline of 100 x 50 pixels is 2 cm2, as the
# rectangle tool says of the same corners, and as the outline's own perimeter (in cm) fits.
# What happens: PlanarFreehandROI says "5000 cm2 US Region". Lengths go through the region's scale, the area is taken from the picture's
# own coordinates, which are pixels where the file has no PixelSpacing, and millimetres (200, times 100) where it has one; the unit is the
# region's in each case. The perimeter leaves out the line that closes the outline (5.98 for 6). SplineROI and LivewireContour end in a
# TypeError on such an image, and show nothing. So does 5.6.8, which
# OHIF 3.13.13 brings; 4.19.0 still divided by the scale.
# Why it matters: regions are how ultrasound files are calibrated, and area by outline is what a head, an ovary or an atrium is measured
# by. The same outline from a DICOM SR or SEG, measured elsewhere, is smaller by a factor of thousands.
# Seen on 28 November 2026 with @cornerstonejs/core and tools 5.14.0, Chromium 156, Node 20.20.2.
# Needs node, npm and chromium; serves on loopback.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund @cornerstonejs/core@5.14.0 @cornerstonejs/tools@5.14.0 esbuild@0.25.0 url@0.11.4 events@3.3.0 >/dev/null 2>&1
mkdir www
cat >main.js <<'JS'
import * as core from '@cornerstonejs/core';
import * as tools from '@cornerstonejs/tools';

const [width, height] = [300, 200];
const faults = [];
window.addEventListener('error', (event) => faults.push(event.message));
window.addEventListener('unhandledrejection', (event) => faults.push(String(event.reason)));
const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
const calibration = {
    sequenceOfUltrasoundRegions: [{
        regionLocationMinX0: 0, regionLocationMinY0: 0, regionLocationMaxX1: width - 1, regionLocationMaxY1: height - 1,
        physicalDeltaX: 0.02, physicalDeltaY: 0.02, physicalUnitsXDirection: 3, physicalUnitsYDirection: 3,
        regionDataType: 1, regionSpatialFormat: 1, regionFlags: 0,
    }],
};
const modules = {
    imagePlaneModule: {
        rows: height, columns: width, frameOfReferenceUID: '1.2.3', imagePositionPatient: [0, 0, 0], usingDefaultValues: true,
        imageOrientationPatient: [1, 0, 0, 0, 1, 0], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0],
    },
    imagePixelModule: { pixelRepresentation: 0, bitsAllocated: 8, bitsStored: 8, highBit: 7, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2' },
    generalSeriesModule: { modality: 'US', seriesInstanceUID: '1.2' },
};

function load(imageId) {
    const scalarData = new Uint8Array(width * height).fill(80);
    const voxelManager = core.utilities.VoxelManager.createImageVoxelManager({ width, height, scalarData, numberOfComponents: 1 });
    return { promise: Promise.resolve({
        imageId, calibration, voxelManager, rows: height, columns: width, height, width, columnPixelSpacing: 1, rowPixelSpacing: 1,
        minPixelValue: 0, maxPixelValue: 255, slope: 1, intercept: 0, windowCenter: 128, windowWidth: 255, color: false,
        numberOfComponents: 1, invert: false, sizeInBytes: width * height, dataType: 'Uint8Array', getPixelData: () => scalarData,
    }) };
}

async function measure() {
    core.setUseCPURendering(true);
    await core.init();
    await tools.init();
    core.metaData.addProvider((kind) => modules[kind], 10000);
    core.imageLoader.registerImageLoader('us', load);
    const element = document.createElement('div');
    element.style = 'width:600px;height:400px';
    document.body.append(element);
    const engine = new core.RenderingEngine('engine');
    engine.enableElement({ viewportId: 'view', type: core.Enums.ViewportType.STACK, element });
    const group = tools.ToolGroupManager.createToolGroup('tools');
    for (const tool of [tools.RectangleROITool, tools.PlanarFreehandROITool]) {
        tools.addTool(tool);
        group.addTool(tool.toolName);
        group.setToolPassive(tool.toolName);
    }
    group.addViewport('view', 'engine');
    const viewport = engine.getViewport('view');
    await viewport.setStack(['us:1']);
    const { imageData } = viewport.getImageData();
    const at = ([x, y]) => imageData.indexToWorld([x, y, 0]);
    const corners = [[50, 50], [150, 50], [150, 100], [50, 100]];
    const line = corners.flatMap(([x, y], i) => {
        const [toX, toY] = corners[(i + 1) % 4];
        return Array.from({ length: 50 }, (_, k) => [x + ((toX - x) * k) / 50, y + ((toY - y) * k) / 50]);
    });
    const drawn = {
        RectangleROI: { handles: { points: [corners[0], corners[1], corners[3], corners[2]].map(at) } },
        PlanarFreehandROI: { handles: { points: [] }, contour: { polyline: line.map(at), closed: true } },
    };
    const box = { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: {} };
    for (const [toolName, data] of Object.entries(drawn)) {
        Object.assign(data, { label: '', cachedStats: {} });
        Object.assign(data.handles, { activeHandleIndex: null, textBox: box });
        const metadata = { toolName, viewPlaneNormal: [0, 0, -1], viewUp: [0, -1, 0], FrameOfReferenceUID: '1.2.3', referencedImageId: 'us:1' };
        tools.annotation.state.addAnnotation({ annotationUID: toolName, invalidated: true, highlighted: false, isLocked: false, isVisible: true, metadata, data }, element);
    }
    viewport.render();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return Object.fromEntries(Object.entries(drawn).map(([name, data]) => {
        const [found] = Object.values(data.cachedStats);
        return [name, [found?.area, found?.areaUnit, found?.perimeter, found?.unit]];
    }));
}
measure().then((found) => say({ found, faults, version: [core.version, tools.version] }), (error) => say({ failed: String(error), faults }));
JS
npx esbuild main.js --bundle --format=esm --define:global=window --loader:.wasm=file --outfile=www/main.js --log-level=error
echo '<!doctype html><body><script type=module src=main.js></script>' >www/index.html
cat >check.py <<'PY'
import functools
import http.server
import json
import queue
import subprocess
import threading

said: queue.Queue[str] = queue.Queue()


class Page(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory="www"))
threading.Thread(target=server.serve_forever, daemon=True).start()


def said_by_page() -> str:
    address = f"http://127.0.0.1:{server.server_port}/"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir=profile", "--remote-debugging-port=0"]
    browser = subprocess.Popen(["chromium", *options, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return said.get(timeout=300)
    finally:
        browser.terminate()
        browser.wait()


found = json.loads(said_by_page())
print(json.dumps(found))
rectangle, outline = found["found"]["RectangleROI"], found["found"]["PlanarFreehandROI"]
assert rectangle[0] == 2 and rectangle[1] == "cm\u00b2 US Region"
assert round(outline[0], 6) == 5000 and outline[1] == "cm\u00b2 US Region"
assert round(outline[2], 6) == 5.98 and outline[3] == "cm US Region"
print("as stated")
PY
python3 check.py
