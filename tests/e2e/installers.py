"""Devices whose releases are installed by RAUC, by SWUpdate or by a hook: the real programs, on files in place of flash,
and a stand-in for the boot loader. Each program can be told to kill the agent before or after one of its calls, as a
power cut would."""

import os
import secrets
import signal
import subprocess
import textwrap

from maker import openssl

SIZE = 96 << 10


class Plant:
    """Two places to boot from, files a and b; which one is primary and which one is booted, files too."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.plan = folder / "plan"
        self.sick = folder / "sick"
        self.plan.touch()
        self.factory = secrets.token_bytes(SIZE)
        self.put("a.img", self.factory)
        self.put("b.img", bytes(SIZE))
        self.put("primary", b"a")
        self.put("booted", b"a")
        self.script("health", f"test ! -e {self.sick}")

    def put(self, name, octets):
        (self.folder / name).write_bytes(octets)
        return self.folder / name

    def script(self, name, lines):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + textwrap.dedent(lines))
        path.chmod(0o755)
        return path

    def perilous(self, name, verb, lines):
        """A script in whose calls the power may go: `plan` holds lines such as "after install". verb: shell, the call."""
        inner = self.script(f"{name}.inner", lines)
        return self.script(name, f"""\
            power_goes() {{
                sed -i 1d {self.plan}
                agent=$PPID
                until [ "$(cat /proc/$agent/comm)" = muster-agent ]; do agent=$(cut -d" " -f4 /proc/$agent/stat); done
                kill -9 $agent
            }}
            verb={verb}
            next=$(head -n 1 {self.plan})
            if [ "$next" = "before $verb" ]; then power_goes; exit 1; fi
            {inner} "$@"
            code=$?
            if [ "$next" = "after $verb" ]; then power_goes; fi
            exit $code
            """)

    def runs(self):
        """What is in the place that is booted."""
        return (self.folder / f"{(self.folder / 'booted').read_text().strip().lower()}.img").read_bytes()[:SIZE]

    def options(self):
        return ["--health-command", self.folder / "health"]

    def leave(self):
        pass


class Hook(Plant):
    """A device's own program, in fifteen lines of shell."""

    def __init__(self, folder):
        super().__init__(folder)
        self.hook = self.perilous("hook", '"$1"', f"""\
            set -e
            cd {folder}
            other=$(echo $MUSTER_SLOT | tr ab ba)
            switch() {{ printf $1 > primary.new; sync primary.new; mv primary.new primary; cp primary booted.new; mv booted.new booted; }}
            case $1 in
            install) [ "$(cat booted)" != "$MUSTER_SLOT" ]; cp "$MUSTER_ARTIFACT" "$MUSTER_SLOT.img"; sync "$MUSTER_SLOT.img" ;;
            activate) switch "$MUSTER_SLOT" ;;
            check) [ "$(cat booted)" = "$MUSTER_SLOT" ] ;;
            confirm) echo "$MUSTER_SLOT" > good ;;
            revert) switch "$other" ;;
            esac
            """)

    def options(self):
        return [*super().options(), "--installer", "hook", "--installer-program", self.hook]

    def artifact(self, content, version):
        return self.put(f"{version}.bin", content)


class Swupdate(Plant):
    def __init__(self, folder):
        super().__init__(folder)
        self.key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", self.key,
                "-out", self.certificate, "-subj", "/CN=builds", "-addext", "extendedKeyUsage=emailProtection")
        (folder / "tmp").mkdir()
        self.program = self.perilous("swupdate", "install", f"""\
            export TMPDIR={folder}/tmp
            exec swupdate -k {self.certificate} -B none -H board:1.0 "$@"
            """)
        self.activate = self.perilous("activate", "activate", f"""\
            cd {folder} && printf "$1" > primary && cp primary booted.new && mv booted.new booted
            """)

    def options(self):
        return [*super().options(), "--installer", "swupdate", "--installer-program", self.program, "--activate-command",
                self.activate]

    def artifact(self, content, version, key=None):
        work = self.folder / version
        work.mkdir()
        (work / "image").write_bytes(content)
        digest = openssl("dgst", "-sha256", "-r", work / "image").split()[0]
        modes = "".join(f'{mode}: {{ images: ({{ filename = "image"; device = "{self.folder}/{mode}.img"; type = "raw"; '
                        f'sha256 = "{digest}"; }}); }};\n' for mode in "ab")
        (work / "sw-description").write_text(f'software = {{ version = "{version}"; hardware-compatibility: [ "1.0" ];\n'
                                             f"stable = {{\n{modes}}};\n}}\n")
        openssl("cms", "-sign", "-in", work / "sw-description", "-out", work / "sw-description.sig", "-signer",
                self.certificate, "-inkey", self.key, "-outform", "DER", "-nosmimecap", "-binary")
        done = subprocess.run(["cpio", "-o", "-H", "crc", "--quiet"], input=b"sw-description\nsw-description.sig\nimage\n",
                              cwd=work, capture_output=True, check=True)
        return self.put(f"{version}.swu", done.stdout)


class Rauc(Plant):
    """With a system bus and a service of its own. Restarting the machine is restarting that service."""

    def __init__(self, folder):
        super().__init__(folder)
        self.key, self.certificate = folder / "key.pem", folder / "certificate.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", self.key, "-out", self.certificate, "-subj",
                "/CN=builds")
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={folder}/bus"
        self.put("bus.conf", textwrap.dedent(f"""\
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
            <allow send_type="signal"/><allow send_requested_reply="true"/><allow receive_type="method_call"/>
            <allow receive_type="signal"/><allow receive_type="method_return"/><allow receive_type="error"/></policy>
            </busconfig>""").encode())
        loader = self.script("loader", f"""\
            cd {folder}
            case $1 in
            get-primary) tr ab AB < primary ;;
            set-primary) echo $2 | tr AB ab > primary ;;
            get-current) tr ab AB < booted ;;
            get-state) cat state.$2 ;;
            set-state) echo $3 > state.$2 ;;
            esac
            """)
        self.put("state.A", b"good\n")
        self.put("state.B", b"bad\n")
        slots = "".join(f"[slot.rootfs.{n}]\ndevice={folder}/{place}.img\ntype=raw\nbootname={place.upper()}\n"
                        for n, place in enumerate("ab"))
        self.put("system.conf", (f"[system]\ncompatible=meter\nbootloader=custom\nstatusfile={folder}/status\n"
                                 f"mountprefix={folder}/mount\n[keyring]\npath={self.certificate}\n[handlers]\n"
                                 f"bootloader-custom-backend={loader}\n{slots}").encode())
        self.restart = self.perilous("restart", "restart", f"""\
            cd {folder}
            cp primary booted.new && mv booted.new booted
            [ ! -e service.pid ] || kill $(cat service.pid)
            setsid rauc --conf=system.conf --override-boot-slot=$(tr ab AB < booted) service >> rauc.log 2>&1 < /dev/null &
            echo $! > service.pid
            n=0
            until rauc status > /dev/null 2>&1 || [ $n -ge 100 ]; do sleep 0.05; n=$((n + 1)); done
            """)
        self.program = self.perilous("rauc", '"$1"; [ "$2" = --output-format=json ] || verb="${2:-$1}"; '
                                     '[ "$1" = install ] && verb=install', 'exec rauc "$@"')
        self.bus = subprocess.Popen(["dbus-daemon", "--nofork", f"--config-file={folder}/bus.conf"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([folder / "restart.inner"], check=True)

    def options(self):
        return [*super().options(), "--installer", "rauc", "--installer-program", self.program, "--activate-command",
                self.restart]

    def artifact(self, content, version):
        work = self.folder / version
        work.mkdir()
        (work / "rootfs.img").write_bytes(content)
        (work / "manifest.raucm").write_text(f"[update]\ncompatible=meter\nversion={version}\n[bundle]\nformat=plain\n"
                                             "[image.rootfs]\nfilename=rootfs.img\n")
        bundle = self.folder / f"{version}.raucb"
        subprocess.run(["rauc", "--cert", self.certificate, "--key", self.key, "bundle", work, bundle], check=True,
                       capture_output=True)
        return bundle

    def leave(self):
        os.kill(int((self.folder / "service.pid").read_text()), signal.SIGTERM)
        self.bus.terminate()
        self.bus.wait()
        del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
