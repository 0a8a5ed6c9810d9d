#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (OHIF's measuring tools): in an ultrasound region whose pixels aren't square, the area of a circle depends on which way it
# was drawn, and angles are those of the screen; UltrasoundDirectional says px of millimetres.
#
# Expected: in a region of 0.04 x 0.02 cm a pixel the circle of 50 pixels is an ellipse of 2 x 1 cm, 6.28 cm2, as EllipticalROI says of it; the
# angle between 100 pixels across and 100 down from there is 26.6 degrees. Of a file with PixelSpacing 0.2, 100 pixels are 20 mm.
# What happens: CircleROI takes the line from its centre to the handle for the radius: drawn across 12.57 cm2, drawn downwards 3.14. The angle is 45
# degrees, with PixelSpacing of 0.2 x 0.4 mm it is right. UltrasoundDirectional's "px" are taken from the picture's coordinates, which
# are mm where the file has a PixelSpacing: "20 px" for 100 pixels.
# Why it matters: frames that were digitised or stretched to a monitor have such pixels. Whoever measures a vessel's section by a circle gets a
# quarter or four times of the other reader's area; the hip's angles by Graf decide on treatment.
# Seen on 29 November 2026 with @cornerstonejs/core and tools 5.14.0, Chromium 156, Node 20.20.2.
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
const region = {
    regionLocationMinX0: 0, regionLocationMinY0: 0, regionLocationMaxX1: width - 1, regionLocationMaxY1: height - 1,
    physicalDeltaX: 0.04, physicalDeltaY: 0.02, physicalUnitsXDirection: 3, physicalUnitsYDirection: 3,
    regionDataType: 1, regionSpatialFormat: 1, regionFlags: 0,
};
const kinds = {
    region: { calibration: { sequenceOfUltrasoundRegions: [region] }, mm: [1, 1] },
    spacing: { calibration: {}, mm: [0.2, 0.4] },
    square: { calibration: {}, mm: [0.2, 0.2] },
};
const kindOf = (imageId) => kinds[String(imageId).split(':')[1]];
const modules = (imageId) => ({
    imagePlaneModule: {
        rows: height, columns: width, frameOfReferenceUID: imageId, rowPixelSpacing: kindOf(imageId).mm[0], columnPixelSpacing: kindOf(imageId).mm[1],
        usingDefaultValues: kindOf(imageId).mm[0] === 1,
    },
    imagePixelModule: { pixelRepresentation: 0, bitsAllocated: 8, bitsStored: 8, highBit: 7, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2' },
    generalSeriesModule: { modality: 'US', seriesInstanceUID: '1.2' },
});

function load(imageId) {
    const { mm, calibration } = kindOf(imageId);
    const scalarData = new Uint8Array(width * height).fill(80);
    const voxelManager = core.utilities.VoxelManager.createImageVoxelManager({ width, height, scalarData, numberOfComponents: 1 });
    return { promise: Promise.resolve({
        imageId, calibration, voxelManager, rows: height, columns: width, height, width, columnPixelSpacing: mm[1], rowPixelSpacing: mm[0],
        minPixelValue: 0, maxPixelValue: 255, slope: 1, intercept: 0, windowCenter: 128, windowWidth: 255, color: false,
        numberOfComponents: 1, invert: false, sizeInBytes: width * height, dataType: 'Uint8Array', getPixelData: () => scalarData,
    }) };
}

const drawn = {
    ellipse: ['EllipticalROI', [[100, 150], [100, 50], [50, 100], [150, 100]]],
    'circle across': ['CircleROI', [[100, 100], [150, 100]]],
    'circle down': ['CircleROI', [[100, 100], [100, 150]]],
    angle: ['Angle', [[150, 50], [50, 50], [150, 150]]],
    directional: ['UltrasoundDirectionalTool', [[50, 50], [150, 50]]],
};

async function measured(viewport, imageId) {
    await viewport.setStack([imageId]);
    const { imageData } = viewport.getImageData();
    const found = {};
    for (const [name, [toolName, points]] of Object.entries(drawn)) {
        const handles = { points: points.map(([x, y]) => imageData.indexToWorld([x, y, 0])), activeHandleIndex: null };
        handles.textBox = { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: {} };
        const metadata = { toolName, viewPlaneNormal: [0, 0, -1], viewUp: [0, -1, 0], FrameOfReferenceUID: imageId, referencedImageId: imageId };
        const more = { invalidated: true, highlighted: false, isLocked: false, isVisible: true };
        found[name] = { label: '', cachedStats: {}, handles };
        tools.annotation.state.addAnnotation({ annotationUID: imageId + name, metadata, data: found[name], ...more }, viewport.element);
    }
    const value = (data) => {
        const one = Object.values(data.cachedStats)[0] ?? {};
        return one.isUnitless ? [one.xValues[0], one.units[0]] : [one.area ?? one.angle, one.areaUnit ?? 'degrees'];
    };
    for (let tries = 0; tries < 100 && Object.values(found).some((data) => typeof value(data)[0] !== 'number'); tries++) {
        viewport.render();
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return Object.fromEntries(Object.entries(found).map(([name, data]) => [name, [Number(value(data)[0].toFixed(2)), value(data)[1]]]));
}

async function measure() {
    core.setUseCPURendering(true);
    await core.init();
    await tools.init();
    core.metaData.addProvider((kind, imageId) => kindOf(imageId) && modules(imageId)[kind], 10000);
    core.imageLoader.registerImageLoader('us', load);
    const element = document.createElement('div');
    element.style = 'width:600px;height:400px';
    document.body.append(element);
    const engine = new core.RenderingEngine('engine');
    engine.enableElement({ viewportId: 'view', type: core.Enums.ViewportType.STACK, element });
    const group = tools.ToolGroupManager.createToolGroup('tools');
    for (const tool of [tools.EllipticalROITool, tools.CircleROITool, tools.AngleTool, tools.UltrasoundDirectionalTool]) {
        tools.addTool(tool);
        group.addTool(tool.toolName);
        group.setToolPassive(tool.toolName);
    }
    group.addViewport('view', 'engine');
    const found = {};
    for (const kind of Object.keys(kinds)) found[kind] = await measured(engine.getViewport('view'), `us:${kind}`);
    return found;
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
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=profile", "--remote-debugging-port=0"]
    browser = subprocess.Popen(["chromium", *options, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return said.get(timeout=300)
    finally:
        browser.terminate()
        browser.wait()


said_there = json.loads(said_by_page())
assert "found" in said_there, said_there
print("@cornerstonejs/tools", said_there["version"][1])
found = said_there["found"]
for kind, values in found.items():
    print(f"   {kind}:", json.dumps(values, ensure_ascii=False))
region = found["region"]
assert region["ellipse"] == [6.28, "cm\u00b2 US Region"]
assert [region[name][0] for name in ("circle across", "circle down")] == [12.57, 3.14]
assert (region["angle"][0], found["spacing"]["angle"][0]) == (45, 26.57)
assert found["square"]["directional"] == [20, "px"]
print("as stated")
PY
python3 check.py
