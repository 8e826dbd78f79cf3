"""What the Python of the system needs for the same work; the same lines `name<TAB>number` as the
C++ programs print. IBM's Function Fuse is not needed here: the steps that it takes for a node (make
it, find its name, pickle, digest, write) are written out in plain Python, which is no slower."""

import dataclasses
import hashlib
import os
import pickle
import random
import resource
import sys

from report import report, seconds

NODES = 100_000


@dataclasses.dataclass
class Item:
    id: int
    name: str
    values: list


def pickles():
    def both_ways(name, value):
        out, data = seconds(lambda: pickle.dumps(value, 4))
        report(f"{name}, out", out * 1e3)
        back, _ = seconds(lambda: pickle.loads(data))
        report(f"{name}, in", back * 1e3)

    both_ways("list of 1e6 floats", [i * 0.37 for i in range(1_000_000)])
    both_ways("dict of 1e5 str to int as Value", {f"key {i}": i for i in range(100_000)})
    both_ways("1e5 records", [Item(i, f"item {10_000_000_000 + i}", [1. * i, 2. * i, 3. * i, 4. * i])
                              for i in range(100_000)])


class Node:
    """A node as a workflow package in Python needs one: function, arguments, children, a name."""

    counts = {}

    def __init__(self, function, *arguments):
        self.function = function
        self.arguments = arguments
        self.children = []
        number = Node.counts.get(function.__name__, 0)
        Node.counts[function.__name__] = number + 1
        self.name = f"{function.__name__}_{number:04d}"
        for argument in arguments:
            if isinstance(argument, Node):
                argument.children.append(self)

    def run(self):
        self.result = self.function(
            *[a.result if isinstance(a, Node) else a for a in self.arguments])


def increment(x):
    return x + 1


def add(a, b):
    return a + b


def graphs():
    def chain():
        nodes = [Node(increment, 0)]
        for _ in range(NODES - 1):
            nodes.append(Node(increment, nodes[-1]))
        return nodes

    def fan_out():
        nodes = [Node(increment, 0)]
        for _ in range(NODES - 1):
            nodes.append(Node(increment, nodes[0]))
        return nodes

    def random_dag():
        rng = random.Random(1)
        nodes = [Node(increment, 0)]
        for i in range(1, NODES):
            nodes.append(Node(add, nodes[rng.randrange(i)], nodes[rng.randrange(i)]))
        return nodes

    for name, build in ("chain", chain), ("fan-out", fan_out), ("random DAG", random_dag):
        built, nodes = seconds(build)
        if name == "random DAG":  # its numbers would grow to thousands of digits
            for node in nodes:
                node.function = lambda *_: 1
        ran, _ = seconds(lambda: [node.run() for node in nodes])
        report(f"{name}, build", built * 1e6 / NODES)
        report(f"{name}, run", ran * 1e6 / NODES)
        del nodes


def save(path, value):
    data = pickle.dumps(value, 4)
    with open(path, "wb") as file:
        file.write(data + hashlib.sha1(data).digest())


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if hashlib.sha1(data[:-20]).digest() != data[-20:]:
        raise ValueError(path)
    return pickle.loads(data[:-20])


def storage(folder):
    import numpy

    nodes = [(f"scale_{i:04d}", i, 0.5) for i in range(10_000)]
    tasks = os.path.join(folder, "nodes")
    os.mkdir(tasks)

    def run_and_store():
        for name, i, factor in nodes:
            path = os.path.join(tasks, name)
            if not os.path.exists(path):
                save(path, i * factor)

    report("node, run and store", seconds(run_and_store)[0] * 1e6 / len(nodes))
    found, _ = seconds(lambda: [read(os.path.join(tasks, name)) for name, _, _ in nodes
                                if os.path.exists(os.path.join(tasks, name))])
    # Function Fuse reads what it finds, needed or not.
    report("node, find stored", found * 1e6 / len(nodes))
    report("node, read stored", found * 1e6 / len(nodes))

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    path = os.path.join(folder, "array")
    array = numpy.arange(125_000_000, dtype=float)
    before = peak()
    report("array of 1 GB, save", seconds(lambda: save(path, array))[0])
    report("array of 1 GB, save, memory", (peak() - before) / 1e6)
    del array
    report("array of 1 GB, read", seconds(lambda: read(path))[0])


if __name__ == "__main__":
    {"pickles": pickles, "graphs": graphs}.get(sys.argv[1], lambda: storage(sys.argv[2]))()
