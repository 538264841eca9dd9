// The program at its edges: streams that break, files that are not what they should be, and the codes it
// exits with.
import Foundation
import TestCertificates
import Testing

@Suite struct ProgramTests {
    @Test(arguments: [
        ("paceline --version", Int32(0), "paceline 0.1.0\n", ""),
        ("paceline", 2, "", "paceline: a subcommand is missing; one of: "),
        (
            "paceline chekc-config", 2, "",
            "paceline: unknown subcommand 'chekc-config'; did you mean 'check-config'?\n"
        ),
        (
            "paceline check-config", 2, "",
            "paceline check-config: either a FILE is needed, or one of --schema"
        ),
        (
            "paceline check-config --schema node x", 2, "",
            "paceline check-config: either a FILE is needed, or one"
        ),
        (
            "paceline json check nowhere", 1, "",
            "paceline json check: nowhere: could not be read: No such file"
        ),
        ("paceline json check .", 1, "", "paceline json check: .: is a directory; a file is needed\n"),
        (
            "paceline json check - <&-", 1, "",
            "paceline json check: (standard input): could not be read: Bad file"
        ),
        (
            "truncate -s 2G big; paceline json check big", 1, "",
            "paceline json check: big: larger than 268435456 bytes"
        ),
        (
            "truncate -s 2G big; paceline check-config big", 1, "",
            "paceline check-config: big: larger than 4194304 b"
        ),
        (
            "paceline check-config /dev/zero", 1, "",
            "paceline check-config: /dev/zero: larger than 4194304 bytes"
        ),
        (
            "printf '{\"a\\377\":1}' | paceline json check -", 1,
            "(standard input):1:4: the text is not valid UTF-8\n", ""
        ),
        ("printf '\\0\\1\\2' | paceline json check -", 1, "(standard input):1:1: expected a value\n", ""),
        ("printf '' | paceline json check -", 1, "(standard input):1:1: there is no value\n", ""),
        (
            "printf '[[1]]' | paceline json check --depth 1 -", 1,
            "(standard input):1:2: objects and arrays are", ""
        ),
        (
            "printf 1 >a; paceline json check nowhere a", 1, "a: ok\n",
            "paceline json check: nowhere: could not"
        ),
        (
            "printf 1 >a; paceline json check --json nowhere a", 1,
            #"{"file": "nowhere", "valid": false, "problem": "nowhere: could not be read: No such file or directory"}"#
                + "\n" + #"{"file": "a", "valid": true}"# + "\n", ""
        ),
        (
            "paceline check-config --json nowhere", 1,
            #"{"file": "nowhere", "valid": false, "problem": "nowhere: could not be read: No such file"#, ""
        ),
        (
            "printf %065d 0 | tr 0 [ >deep; printf %065d 0 | tr 0 ] >>deep; paceline json check --depth 65 deep",
            0,
            "deep: ok\n", ""
        ),
        (
            "paceline json check --depth 1025 a", 2, "",
            "paceline json check: --depth: found '1025'; allowed: "
        ),
        ("paceline-node", 2, "", "paceline-node: either --config FILE or --standalone DIR is needed\n"),
        (
            "paceline-node --config a --state b", 2, "",
            "paceline-node: --state goes with --standalone; a settings file says where things are kept\n"
        ),
        (
            "paceline-node --standalone nowhere", 1, "",
            "paceline-node: --standalone: nowhere: could not be found: No"
        ),
        (
            """
            mkdir c; printf '{"campaign": []}' >c/a.json
            paceline-node --standalone c --state s --port 1 --admin-port 2 2>said; status=$?
            grep -o 'c/a.json:1:2: campaign: found an unknown key' said; exit $status
            """,
            1, "c/a.json:1:2: campaign: found an unknown key\n", ""
        ),
        ("paceline --help >/dev/full", 1, "", "paceline: could not write to standard output: No space left"),
        ("paceline --help >&-", 1, "", "paceline: could not write to standard output: Bad file descriptor"),
    ])
    func answers(_ line: String, _ status: Int32, _ output: String, _ errors: String) throws {
        let result = try Scratch().run(line)
        #expect(result.status == status)
        #expect(
            result.output.hasPrefix(output) && result.output.isEmpty == output.isEmpty, "\(result.output)")
        #expect(
            result.errors.hasPrefix(errors) && result.errors.isEmpty == errors.isEmpty, "\(result.errors)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become somebody who may not read a file"))
    func saysThatAFileMayNotBeRead() throws {
        let result = try Scratch().run(
            """
            touch secret; chmod 0 secret; chmod 755 .
            setpriv --reuid 65534 --clear-groups --inh-caps=-all "$(command -v paceline)" json check secret
            """)
        #expect(result.errors == "paceline json check: secret: could not be read: Permission denied\n")
        #expect(result.status == 1)
    }

    @Test func aReaderThatGoesAwayIsNoFailure() throws {
        let result = try Scratch().run("{ sleep 0.2; paceline --help; echo $? >&2; } | true")
        #expect(result.errors == "0\n")
    }

    @Test func refusalsAreLinesThatEditorsUnderstand() throws {
        let scratch = try Scratch()
        let result = try scratch.run(
            """
            paceline check-config --example node | sed 's/headBytes/headByte/; s/8080/80800/' > node.json
            grep -n -m 1 80800 node.json | cut -d : -f 1
            grep -n headByte.: node.json | cut -d : -f 1
            paceline check-config node.json
            """)
        let lines = result.output.split(separator: "\n")
        try #require(result.status == 1 && lines.count == 4)
        #expect(
            lines[2] == """
                node.json:\(lines[0]):15: listen[0].port: found the number 80800; allowed an integer from 1 to 65535
                """)
        #expect(
            lines.last?.hasPrefix(
                "node.json:\(lines[1]):5: limits.headByte: found an unknown key; allowed connectionsPe")
                == true)
        #expect(lines.last?.hasSuffix("; did you mean 'headBytes'?") == true)
    }

    @Test func answersProgramsInJSON() throws {
        let result = try Scratch().run(
            """
            paceline check-config --example node > good.json; sed 's/8080/0/' good.json > bad.json
            paceline check-config --json good.json bad.json
            """)
        let answers = try result.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        try #require(answers.count == 2)
        #expect(answers[0]["valid"] as? Bool == true)
        let settings = try #require(answers[0]["settings"] as? [String: Any])
        #expect((settings["limits"] as? [String: Any])?["bodyBytes"] as? Int == 262_144)
        #expect(answers[1]["valid"] as? Bool == false)
        let refusal = try #require((answers[1]["refusals"] as? [[String: Any]])?.first)
        #expect(refusal["path"] as? String == "listen[0].port")
        #expect(refusal["line"] as? Int == 13 && refusal["column"] as? Int == 15)
        #expect(refusal["found"] as? String == "the number 0")
        #expect(refusal["allowed"] as? String == "an integer from 1 to 65535")
    }

    @Test func loadsCertificatesWhereAsked() throws {
        let authority = TestAuthority()
        let (good, other) = (authority.issue("good", []), authority.issue("other", []))
        let scratch = try Scratch()
        for (name, bytes) in [
            ("crt", good.chain), ("key", good.key), ("other", other.key), ("ca", authority.certificate),
        ] {
            try scratch.write(String(decoding: bytes, as: UTF8.self), to: name)
        }
        let result = try scratch.run(
            #"""
            tls='"tls": {"certificateFile": "'$PWD'/crt", "keyFile": "'$PWD'/key", "clientCAFile": "'$PWD'/ca",
                         "clientCertificate": "required", "minimumVersion": "1.3"}'
            paceline check-config --example node | tr -d '\n' | sed "s|\"port\": 8080|&, $(echo $tls)|" > good.json
            sed "s|/key|/other|" good.json > mixed.json
            sed "s|/ca|/gone|" good.json > gone.json
            paceline check-config --files good.json mixed.json gone.json
            paceline check-config good.json mixed.json gone.json >&2
            """#)
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 3, "\(result.output) \(result.errors)")
        #expect(lines[0] == "good.json: ok, settings of paceline-node")
        #expect(
            lines[1].hasPrefix("mixed.json: listen[0].tls: ") && lines[1].contains("/other"), "\(lines[1])")
        #expect(lines[2].hasPrefix("gone.json: listen[0].tls: ") && lines[2].contains("/gone"), "\(lines[2])")
        #expect(result.status == 0 && result.errors.split(separator: "\n").count == 3)
    }
}
