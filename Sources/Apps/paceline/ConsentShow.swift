// `paceline consent show`: what a consent string allows, and why it does not allow the rest.
import Commands
import OpenRTB
import Documents

enum ConsentShow {
    static let string = Parameter.arguments(
        "STRING", WordKind.text, atLeastOne: true, "A TCF, GPP or US privacy string.")
    static let vendor = Parameter.option(
        "vendor", .integer(1...65_535), default: 1,
        "The id in the Global Vendor List of the vendor whose rights are shown.")
    static let json = Parameter.json

    static let command = Command(
        "show", "Shows what consent strings allow, and why not more.",
        discussion: """
            The form is recognised: TCF version 2, GPP version 1, or US privacy. Exits with 1 where a string
            cannot be read, and says at which of its bytes; in a request such a string allows nothing.
            """,
        parameters: [string, vendor, json],
        examples: [
            Example("paceline consent show 1YNN", "No opt-out: all is allowed."),
            Example(
                "paceline consent show DBABTA~1YYN", "An opt-out of sale, within a GPP string.",
                prints: "DBABTA~1YYN: GPP 1, uspv1"),
            Example(
                "paceline consent show --json 1YN", "An error comes with its place.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) -> Outcome {
        var outcome = Outcome.ok
        for text in call[string] where !show(text, call, &output) { outcome = .failed }
        return outcome
    }

    /// Whether the string could be read.
    private static func show(_ text: String, _ call: Invocation, _ output: inout Output) -> Bool {
        do throws(ConsentError) {
            let consent = try ConsentString(
                text.utf8Span.span.bytes, vendor: VendorID(truncatingIfNeeded: call[vendor]))
            if call[json] {
                printTree(consent, text, &output)
            } else {
                print(consent, text, vendor: call[vendor], &output)
            }
            return true
        } catch {
            if call[json] {
                output.print([
                    "string": .string(text), "valid": false, "reason": .string("\(error.reason)"),
                    "offset": .number(error.offset),
                ])
            } else {
                output.print("\(text): byte \(error.offset): \(error.reason)")
            }
            return false
        }
    }

    private static func print(
        _ consent: ConsentString, _ text: String, vendor: Int, _ output: inout Output
    ) {
        let names = consent.sectionNames.map { ", \($0)" }.joined()
        // The rights of a vendor are in TC strings only.
        let hasVendors = consent.tcf != nil || consent.sectionNames.contains("tcfeuv2")
        let whose = hasVendors ? ", for vendor \(vendor)" : ""
        output.print("\(text): \(consent.form.rawValue)\(names)\(whose)")
        let width = DataUse.allCases.map { "\($0)".utf8.count }.max() ?? 0
        for use in DataUse.allCases {
            let name = "\(use)"
            let space = String(repeating: " ", count: width - name.utf8.count)
            let answer = consent.permissions.refusal(of: use).map { "no: \($0)" } ?? "yes"
            output.print("  \(name)\(space)  \(answer)")
        }
    }

    private static func printTree(_ consent: ConsentString, _ text: String, _ output: inout Output) {
        var answers: [JSONTree.Member] = [
            .init("string", .string(text)), .init("valid", true),
            .init("form", .string(consent.form.rawValue)),
            .init("sections", .array(consent.sectionNames.map { .string($0) })),
        ]
        for use in DataUse.allCases {
            let refusal = consent.permissions.refusal(of: use)
            answers.append(.init("\(use)", refusal.map { .string("\($0)") } ?? true))
        }
        output.print(JSONTree.object(answers))
    }
}
