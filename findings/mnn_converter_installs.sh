#!/usr/bin/env bash
# MNN 3.6.1 (model runtime for phones): its converter installs a package by itself, with whichever pip it finds, and asks a server for credentials before each conversion.
#
# Expected: mnnconvert turns an ONNX file into an MNN file, offline, and leaves the Python environment as it is.
# What happens: on import of MNN.tools, so before any argument is read, `pip install -U aliyun-log-python-sdk` is run through the shell, twice, with the pip that comes first in PATH, also that of
# another environment than the converter's (there it replaced protobuf and typing_extensions, and the converter still hadn't its package). Once the package is there, each start asks an address in
# cn-hangzhou for credentials, to report the conversion: machine id, system, sizes, arguments. That report isn't sent by this wheel, since a module for its version isn't in it. No setting turns any
# of it off, and where nothing answers the start waits. The converter behind it (_tools) does none of it.
# Why it matters: models are converted on machines of a hospital, which may be cut off, pinned or not allowed to report; a pinned environment is another one afterwards.
# Seen on 30 November 2026 with mnn 3.6.1, onnx 1.23.2, numpy 2.4.6, Python 3.11. Here pip, the server and the package are stand-ins that write down what they are asked; nothing leaves the machine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mnn==3.6.1 onnx==1.23.2 numpy==2.4.6
mkdir -p first standin
cat >first/pip <<'SHELL'
#!/bin/sh
echo "pip $*" >>asked.txt
SHELL
chmod +x first/pip
cat >standin/sitecustomize.py <<'PYTHON'
import io
import urllib.parse
import urllib.request


def urlopen(request, *more, **others):
    address = request if isinstance(request, str) else request.full_url
    with open("asked.txt", "a") as file:
        file.write("credentials from " + urllib.parse.urlsplit(address).hostname.split(".", 1)[1] + "\n")
    return io.BytesIO(b'{"Credentials": {"AccessKeyId": "a", "AccessKeySecret": "b", "SecurityToken": "c", "Expiration": "2099-01-01T00:00:00Z"}}')


urllib.request.urlopen = urlopen
PYTHON
cat >model.py <<'PYTHON'
import onnx
from onnx import TensorProto, helper

given, answer = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 8, 8]) for name in "xy")
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", [given], [answer])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "thyroid.onnx")
PYTHON
venv/bin/python model.py
convert() { PATH="$folder/first:$PATH" PYTHONPATH="$folder/standin" venv/bin/mnnconvert -f ONNX --modelFile thyroid.onnx --MNNModel "$1" --bizCode "st_elsewhere" >output.txt 2>&1; }

echo "As installed:"
touch asked.txt
convert one.mnn
cat asked.txt
[ -s one.mnn ] && [ "$(grep -cx "pip install -U aliyun-log-python-sdk" asked.txt)" = 2 ]

mkdir -p standin/aliyun/log
cat >standin/aliyun/log/__init__.py <<'PYTHON'
class PutLogsRequest:
    def __init__(self, project, store, topic, source, items):
        self.project, self.topic, self.items = project, topic, items


class LogClient:
    def __init__(self, endpoint, *credentials):
        self.endpoint = endpoint

    def put_logs(self, request):
        with open("asked.txt", "a") as file:
            for item in request.items:
                file.write(f"sent to {self.endpoint}, {request.project}, {request.topic}: {dict(item.contents)}\n")
PYTHON
touch standin/aliyun/__init__.py
echo "class LogItem:
    set_time = lambda self, time: None
    set_contents = lambda self, contents: setattr(self, 'contents', contents)" >standin/aliyun/log/logitem.py
echo "With the package that it installs:"
: >asked.txt
convert two.mnn
cat asked.txt
[ -s two.mnn ] && ! grep -q "^pip" asked.txt && ! grep -q "^sent" asked.txt
grep -q "^credentials from cn-hangzhou" asked.txt
! venv/bin/python -c "import MNN.version" 2>reason.txt
grep -q "No module named 'MNN.version'" reason.txt

echo "The converter behind it:"
: >asked.txt
PATH="$folder/first:$PATH" PYTHONPATH="$folder/standin" venv/bin/python -c "import _tools; _tools.mnnconvert(['', '-f', 'ONNX', '--modelFile', 'thyroid.onnx', '--MNNModel', 'three.mnn', '--bizCode', 'b'])" >output.txt 2>&1
[ -s three.mnn ] && [ ! -s asked.txt ] && echo "nothing asked"
echo "as stated"
