"""Which devices train together, and what each of them reads and writes."""

import json
import os
import pathlib
import signal

from tfcmc.distribute.cluster import machines_of, read_cluster, unlike
from tfcmc.foundation.atomic import note_once
from tfcmc.foundation.errors import must
from tfcmc.foundation.lazy import tf
from tfcmc.foundation.text import counted

DRIVER = pathlib.Path("/proc/driver/nvidia/version")


def make_strategy(name):
    """Returns the `tf.distribute` strategy of a name.

    That of several machines has to be made before anything else is asked of
    TensorFlow.

    Args:
        name: "one"; "mirrored", all GPUs of this machine, or, where there is
            none, its logical CPUs; "multiworker", all machines that the
            environment variable TF_CONFIG names; or "auto": multiworker where
            TF_CONFIG is set. Both are mirrored on a machine without others
            that has several GPUs, else one.

    Returns:
        The strategy; for one device TensorFlow's default, which does nothing.

    Raises:
        UsageError: if it is "multiworker" and TF_CONFIG does not do.
    """
    cluster = machines_of(name)
    if cluster is not None:
        return _join(cluster)
    list_logical = tf.config.list_logical_devices
    gpus = list_logical("GPU")
    if name == "mirrored" or (name != "one" and len(gpus) > 1):
        return tf.distribute.MirroredStrategy(
            [each.name for each in gpus or list_logical("CPU")]
        )
    return tf.distribute.get_strategy()


def _join(cluster):
    """Waits for all machines inside TensorFlow, and makes their strategy."""
    # Read once: TensorFlow reads some of what TF_CONFIG may hold otherwise.
    job, index, _ = cluster.machines[cluster.here]
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(cluster.jobs),
        task_type=job,
        task_id=index,
        rpc_layer="grpc",
        # Of a resolver that says nothing, TensorFlow takes the CPU alone.
        num_accelerators={"GPU": len(tf.config.get_visible_devices("GPU"))},
    )
    before = signal.getsignal(signal.SIGTERM)
    strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    # TensorFlow takes what schedulers end a job with, and goes on (2.21).
    signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    return strategy


def on_gpus(strategy) -> str:
    """Returns ", on 2 GPUs" where there are any; "" on CPUs.

    Where a GPU is there that TensorFlow does not find, this is said.
    """
    if tf.config.list_logical_devices("GPU"):
        return f", on {counted(strategy.num_replicas_in_sync, 'GPU', 'GPUs')}"
    if DRIVER.exists() and "CUDA_VISIBLE_DEVICES" not in os.environ:
        note_once(
            "there is an NVIDIA driver, and TensorFlow finds no GPU; python "
            '-c "import tensorflow as tf; '
            'tf.config.list_physical_devices()" says why'
        )
    return ""


def use_devices(count):
    """Settles how many devices of this machine take part, from 1.

    That many of its GPUs; or, where it has fewer, its CPU cut into that many
    logical devices, which are no faster, but compute as several would. Only
    before anything else is asked of TensorFlow.
    """
    gpus = tf.config.list_physical_devices("GPU")
    enough = len(gpus) >= count
    tf.config.set_visible_devices(gpus[:count] if enough else [], "GPU")
    if not enough:
        (cpu,) = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(cpu, logical)


def check_batch_size(strategy, batch_size, groups=None, pieces=1):
    """Checks that every replica gets an equal share of a batch of them all.

    And of every piece that is computed at a time, and of the groups that batch
    normalisation splits it into, where it does.
    """
    count = strategy.num_replicas_in_sync
    if batch_size % count:
        raise must(
            "batch-size",
            f"a multiple of the {count} devices that share it",
            batch_size,
        )
    if batch_size % (count * pieces):
        raise must(
            "microbatch",
            f"a multiple of the {count} devices that share it",
            batch_size // pieces,
        )
    if groups is not None and groups % (count * pieces):
        each = f" times {pieces} pieces" if pieces > 1 else ""
        raise must(
            "batch-norm",
            f"of groups that are a multiple of the {count} devices that share "
            f"them{each}",
            groups,
        )


def is_chief(strategy):
    """Says whether this process is the one that writes."""
    resolver = strategy.cluster_resolver
    if resolver is None:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def distribute(strategy, read):
    """Gives every replica its share of every batch.

    Args:
        read: `(shares, mine) -> tf.data.Dataset`: shares of batches, in the
            order of steps and, within a step, of the replicas of this
            machine; `shares` a batch is cut into, `mine` the range of those
            that this machine reads.

    Returns:
        A dataset for Keras's `fit`: the plain one where there is one device,
        else one that starts again at its end.
    """
    if strategy is tf.distribute.get_strategy():
        return read(1, range(1))

    def read_here(context):
        replicas = context.num_replicas_in_sync
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here
        # Without an end, machines need not ask each other at every step
        # whether all have a batch, and how large it is stays known.
        return read(replicas, range(first, first + here)).repeat()

    return strategy.distribute_datasets_from_function(read_here)


def check_same_everywhere(strategy, record: dict, differences):
    """Checks that all machines have what the chief has.

    Args:
        record: Plain values: what this machine has.
        differences: `(record, chief's) -> words`, empty where both will do.

    Raises:
        UsageError: on every machine alike, if one has something else.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    text = json.dumps(record).encode()
    longest = max(_gather(strategy, [len(text)]))[0]
    cluster = read_cluster()
    here = strategy.num_replicas_in_sync // len(cluster.names)
    chief, *others = [
        json.loads(bytes(row))
        for row in _gather(strategy, [*text.ljust(longest)])[::here]
    ]
    told = {
        number: words
        for number, other in enumerate(others, 1)
        if (words := differences(other, chief))
    }
    if told:
        raise unlike(cluster, told)


def _gather(strategy, own):
    """Returns the whole numbers that every replica has, in their order."""

    def parts(replica):
        place = tf.one_hot(
            replica, strategy.num_replicas_in_sync, dtype=tf.int64
        )
        return [place[:, None] * tf.constant([own], tf.int64)]

    (rows,) = _sums(strategy, parts)
    return rows.numpy().tolist()


def _sums(strategy, parts):
    """Returns the sums over all replicas of what `parts(replica)` lists."""

    def total():
        context = tf.distribute.get_replica_context()
        return [
            context.all_reduce(tf.distribute.ReduceOp.SUM, part)
            for part in parts(context.replica_id_in_sync_group)
        ]

    sums = tf.function(lambda: strategy.run(total))()
    return [strategy.experimental_local_results(each)[0] for each in sums]


def share_from_chief(strategy, variables):
    """Sets variables on every machine to what they are on the chief.

    So a checkpoint need only lie where the chief finds it.

    Args:
        variables: `tf.Variable`s of numbers, in one order everywhere.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    chief = is_chief(strategy)

    def parts(replica):
        mine = chief and replica == 0
        values = [tf.cast(each, _summed(each.dtype)) for each in variables]
        return [tf.where(mine, each, tf.zeros_like(each)) for each in values]

    for variable, value in zip(variables, _sums(strategy, parts), strict=True):
        variable.assign(tf.cast(value, variable.dtype))


def _summed(kind):
    """A type that GPUs sum over machines, and that holds all of another."""
    if kind.is_integer:
        return tf.int64
    return tf.float32 if kind.size < 4 else kind
