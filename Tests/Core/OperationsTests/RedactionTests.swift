// What leaves the house names nobody, and still shows what belongs together.
import Documents
import Operations
import Testing

@Suite struct RedactionTests {
    @Test func namesBecomeNumbersTheSameForTheSame() throws {
        var redaction = Redaction()
        let tree = try JSONTree(
            reading: Array(
                #"{"campaign": "aurora", "budget": 12.5, "inside": [{"campaign": "aurora"}, {"campaign": "harvest"}], "saltFile": "/etc/salt", "password": "x", "words": "to 10.90.0.1:9900 from /var/lib/paceline"}"#
                    .utf8))
        let line = redaction.redacted(tree).line
        #expect(
            line
                == #"{"campaign": "campaign-1", "budget": 12.5, "inside": [{"campaign": "campaign-1"}, {"campaign": "campaign-2"}], "saltFile": "(left out)", "password": "(left out)", "words": "to address-3 from path-4"}"#
        )
        #expect(redaction.count == 4)
    }

    @Test func metricsKeepTheirNumbers() {
        var redaction = Redaction()
        let text =
            "a_total{instance=\"n1\",result=\"bid\"} 5\nb{node=\"n1\",le=\"0.001\"} 1.5e-3\n# HELP a Said of it.\n"
        #expect(
            redaction.redacted(text)
                == "a_total{instance=\"instance-1\",result=\"bid\"} 5\nb{node=\"instance-1\",le=\"0.001\"} 1.5e-3\n# HELP a Said of it.\n"
        )
    }

    @Test(arguments: ["10.0.0.1", "10.0.0.1:8080", "/etc/paceline/node.json"])
    func addressesAndPathsAreFound(_ word: String) {
        var redaction = Redaction()
        #expect(!redaction.redacted("at \(word), it says").contains(word))
    }

    @Test(arguments: ["0.1.0", "1.5", "12:30:00", "a/b", "2026-11-28T12:00:00Z"])
    func otherWordsStay(_ word: String) {
        var redaction = Redaction()
        #expect(redaction.redacted("at \(word), it says") == "at \(word), it says")
    }
}
