// A strict reader of OPA's decision logs: reads JSON arrays of events (or one event a line) from standard input, decodes each
// into OPA's own logs.EventV1 without allowing members that it does not have, and says which it refuses and why.
//
// `error` is an interface in EventV1, which encoding/json cannot decode into: it is decoded into topdown.Error beside it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/open-policy-agent/opa/v1/plugins/logs"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
)

func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func check(text json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if failure, ok := members["error"]; ok {
		if err := strict(failure, &topdown.Error{}); err != nil {
			return fmt.Errorf("error: %w", err)
		}
		delete(members, "error")
	}
	if cache, ok := members["nd_builtin_cache"]; ok {
		if err := json.Unmarshal(cache, &builtins.NDBCache{}); err != nil {
			return fmt.Errorf("nd_builtin_cache: %w", err)
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	event := logs.EventV1{}
	if err := strict(rest, &event); err != nil {
		return err
	}
	if event.DecisionID == "" || event.Labels["id"] == "" || event.Timestamp.IsZero() || len(event.Bundles) == 0 {
		return errors.New("decision_id, labels.id, timestamp and bundles must be there")
	}
	// What a mask policy would be given.
	_, err = event.AST()
	return err
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	read, refused := 0, 0
	for {
		var text json.RawMessage
		if err := decoder.Decode(&text); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		events := []json.RawMessage{text}
		if text[0] == '[' {
			events = nil
			if err := json.Unmarshal(text, &events); err != nil {
				fmt.Println(err)
				os.Exit(2)
			}
		}
		for _, event := range events {
			read++
			if err := check(event); err != nil {
				refused++
				fmt.Printf("event %d: %v\n", read, err)
			}
		}
	}
	fmt.Printf("read %d refused %d\n", read, refused)
	if refused > 0 {
		os.Exit(1)
	}
}
