// `paceline decide` as a shell sees it: answers that other programs read, refusals.
import Foundation
import Testing

@Suite struct DecideTests {
    private let line =
        "paceline decide --catalog Examples/catalog --request Examples/ctv-pod.json --at 2026-11-20T20:30:00-05:00"

    @Test(.enabled(if: Scratch.has("python3"), "python3 is not installed"))
    func pythonReadsTheAnswer() throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            import json, subprocess, sys
            answer = json.load(sys.stdin)
            bids = answer["seatbid"][0]["bid"]
            for bid in bids:
                subprocess.run(["paceline", "vast", "check", "-"], input=bid["adm"].encode(), check=True,
                               stdout=subprocess.DEVNULL)
            print(len(bids), sum(bid["dur"] for bid in bids), sum(bid["price"] for bid in bids))
            """, to: "look.py")
        let result = try scratch.run("\(line) | python3 look.py")
        #expect(result.output == "3 60 117.5\n", "\(result.errors)")
    }

    @Test func aCompiledCatalogDecidesTheSame() throws {
        let scratch = try Scratch()
        let compiled = line.replacingOccurrences(
            of: "--catalog Examples/catalog", with: "--catalog demo.catalog")
        let result = try scratch.run(
            "paceline catalog compile Examples/catalog --output demo.catalog && \(compiled)")
        let fromDirectory = try scratch.run(line)
        #expect(fromDirectory.output.count > 500 && result.output.hasSuffix(fromDirectory.output))
    }

    @Test func aNoBidSaysWhyAndIsNoFailure() throws {
        let scratch = try Scratch()
        let result = try scratch.run(
            "sed 's/250/0/' Examples/ctv-pod.json > late.json; "
                + line.replacingOccurrences(of: "Examples/ctv-pod.json", with: "late.json"))
        #expect(result.status == 0 && result.output == "{\"id\":\"break-20261120-1\",\"nbr\":15}\n")
    }

    @Test func whatIsMissingIsAMistakeOfTheLine() throws {
        let scratch = try Scratch()
        #expect(try scratch.run("paceline decide --request Examples/ctv-pod.json").status == 2)
        #expect(try scratch.run("paceline decide --catalog Examples/catalog").status == 2)
        #expect(try scratch.run("\(line) --at yesterday").status == 2)
    }
}
