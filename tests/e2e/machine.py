"""A small computer with UEFI firmware and a TPM of its own: QEMU without KVM, OVMF, swtpm. It boots a Linux in one
measured file (a unified kernel image) with the real agent inside, from a disk that is made here without root."""

import gzip
import os
import pathlib
import shutil
import subprocess
import time

from swtpm import Swtpm

GUEST = pathlib.Path(__file__).resolve().parent / "guest"
KERNEL = pathlib.Path(os.environ.get("MUSTER_GUEST_KERNEL") or "/var/cache/muster/guest-kernel")
STUB = pathlib.Path("/usr/lib/systemd/boot/efi")
FIRMWARE = pathlib.Path("/usr/share/OVMF")
MODULES = ("net/core/failover", "drivers/net/net_failover", "drivers/virtio/virtio_ring", "drivers/virtio/virtio",
           "drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci_modern_dev", "drivers/virtio/virtio_pci",
           "drivers/net/virtio_net", "fs/nls/nls_cp437", "fs/nls/nls_ascii", "fs/fat/fat", "fs/fat/vfat",
           "fs/efivarfs/efivarfs")
MIB = 1 << 20
ESP_AT, ESP_MIB, DATA_MIB = 1, 128, 96  # the partitions, in MiB


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=120, **more)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Archive:
    """An initramfs: cpio in the new ASCII form."""

    def __init__(self):
        self.octets, self.names = bytearray(), set()

    def add(self, name, content=b"", mode=0o100644):
        """With the folders above it."""
        if name in self.names:
            return
        above = os.path.dirname(name)
        if above:
            self.add(above, mode=0o040755)
        self.names.add(name)
        fields = (len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        self.octets += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self._pad()
        self.octets += content
        self._pad()

    def _pad(self):
        self.octets += bytes(-len(self.octets) % 4)

    def program(self, path, octets=None):
        """With the libraries it is linked to."""
        self.add(f"bin/{path.name}", octets or path.read_bytes(), 0o100755)
        for word in run("ldd", path).decode().split():
            if word.startswith("/"):
                self.library(pathlib.Path(word))

    def library(self, path):
        self.add(str(path).lstrip("/"), path.read_bytes(), 0o100755)

    def link(self, name, to):
        self.add(name, to.encode(), 0o120777)

    def finished(self):
        self.add("TRAILER!!!", mode=0)
        return bytes(self.octets)


class Images:
    """Unified kernel images of one kernel and one agent that differ in their version."""

    def __init__(self, folder, agent):
        self.folder = folder
        self.kernel = next(KERNEL.glob("boot/vmlinuz-*"), None)
        if not self.kernel:
            raise AssertionError(f"there is no kernel for the guest in {KERNEL}; `tools/setup test` gets it")
        archive = Archive()
        for name in ("proc", "sys", "dev", "run", "var", "tmp"):
            archive.add(name, mode=0o040755)
        for script in sorted(GUEST.iterdir()):
            archive.add("init" if script.name == "init" else f"bin/{script.name}", script.read_bytes(), 0o100755)
        busybox = pathlib.Path("/usr/bin/busybox")
        archive.add("bin/busybox", busybox.read_bytes(), 0o100755)
        for name in run(busybox, "--list").decode().split():
            if f"bin/{name}" not in archive.names:
                archive.link(f"bin/{name}", "busybox")
        run("strip", "-o", folder / agent.name, agent)
        archive.program(agent, (folder / agent.name).read_bytes())
        archive.program(pathlib.Path("/usr/bin/chattr"))
        for library in ("libtss2-tcti-device.so.0", "libnss_files.so.2"):
            archive.library(pathlib.Path("/usr/lib/x86_64-linux-gnu") / library)
        for name in MODULES:
            module = next(KERNEL.glob(f"lib/modules/*/kernel/{name}.ko"))
            archive.add(f"modules/{module.name}", module.read_bytes())
        archive.add("modules/order", "".join(f"{pathlib.Path(name).name}\n" for name in MODULES).encode())
        archive.add("etc/hosts", b"10.0.2.2 controller.test\n")
        archive.add("etc/nsswitch.conf", b"hosts: files\n")
        self.base = gzip.compress(archive.finished(), 6, mtime=0)

    def make(self, version):
        own = Archive()
        own.add("etc/firmware", f"{version}\n".encode())
        parts = {"osrel": f'ID=muster-guest\nPRETTY_NAME="Guest"\nVERSION_ID={version}\n'.encode(),
                 "cmdline": b"console=ttyS0 quiet panic=-1 note=0\0",
                 "linux": self.kernel, "initrd": self.base + gzip.compress(own.finished(), mtime=0)}
        words, image = [], self.folder / f"{version}.efi"
        for (name, part), at in zip(parts.items(), (0x20000, 0x30000, 0x2000000, 0x4000000), strict=True):
            if isinstance(part, bytes):
                (self.folder / f"{version}.{name}").write_bytes(part)
                part = self.folder / f"{version}.{name}"
            words += ["--add-section", f".{name}={part}", "--change-section-vma", f".{name}={at:#x}"]
        run("objcopy", *words, STUB / "linuxx64.efi.stub", image)
        return image


class Machine:
    """Its disk is as the factory leaves it: a boot loader, an image in slot a, and what `given` holds for the agent.
    `banks`: the PCR banks of its TPM, in which all is measured."""

    def __init__(self, folder, image, banks, options, given):
        self.folder, self.process, self.chip = folder, None, None
        folder.mkdir()
        self.tpm = Swtpm(folder / "tpm", banks)
        self.endorsement_sha256 = self.tpm.start().endorsement_sha256()
        self.tpm.stop()
        self.disk, self.log = folder / "disk.img", folder / "console.log"
        shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", folder / "variables.fd")
        with open(self.disk, "wb") as disk:
            disk.truncate((ESP_AT + ESP_MIB + DATA_MIB + 1) * MIB)
        run("sfdisk", "-q", self.disk, input=f"label: gpt\nstart={ESP_AT}MiB, size={ESP_MIB}MiB, type=uefi\n"
            f"size={DATA_MIB}MiB, type=linux\n".encode())
        run("mformat", "-i", self.esp, "-F", "-T", ESP_MIB * 2048, "-h", 64, "-s", 32, "::")
        run("mmd", "-i", self.esp, "::/EFI", "::/EFI/BOOT", "::/EFI/Linux", "::/loader")
        self.put(STUB / "systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI")
        (folder / "loader.conf").write_text("timeout 0\ndefault muster-a.efi\n")
        self.put(folder / "loader.conf", "loader/loader.conf")
        self.put(image, "EFI/Linux/muster-a.efi")
        data = folder / "data" / "muster"
        (data / "state").mkdir(parents=True)
        (data / "options").write_text(options)
        for file in given:
            shutil.copy(file, data)
        run("mke2fs", "-q", "-t", "ext4", "-E", f"offset={(ESP_AT + ESP_MIB) * MIB}", "-d", folder / "data", self.disk,
            f"{DATA_MIB}M")

    @property
    def esp(self):
        return f"{self.disk}@@{ESP_AT}M"

    def put(self, file, name):
        """Onto its EFI system partition."""
        run("mcopy", "-o", "-i", self.esp, file, f"::/{name}")

    def get(self, name, file):
        run("mcopy", "-n", "-i", self.esp, f"::/{name}", file)

    def power_on(self):
        chip = self.folder / "tpm.socket"
        with open(self.folder / "tpm.log", "ab") as log:
            self.chip = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.tpm.folder}", "--ctrl",
                                          f"type=unixio,path={chip}"], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not chip.exists():
            if self.chip.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("swtpm does not run")
            time.sleep(0.02)
        with open(self.folder / "qemu.log", "ab") as log:
            self.process = subprocess.Popen([
                "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-machine", "q35,accel=tcg", "-cpu", "max", "-m",
                "384", "-display", "none", "-chardev", f"file,id=console,path={self.log},append=on", "-serial",
                "chardev:console", "-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}",
                "-drive", f"if=pflash,format=raw,file={self.folder / 'variables.fd'}",
                "-drive", f"if=none,id=disk,format=raw,file={self.disk}", "-device", "nvme,drive=disk,serial=1",
                "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
                "-chardev", f"socket,id=tpm,path={chip}", "-tpmdev", "emulator,id=tpm,chardev=tpm", "-device",
                "tpm-crb,tpmdev=tpm"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def cut_power(self):
        for process in (self.process, self.chip):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        (self.folder / "tpm.socket").unlink(missing_ok=True)

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
